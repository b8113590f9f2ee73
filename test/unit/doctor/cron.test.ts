import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findCrontab } from '../../../src/doctor/cron.js';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cleanup-test-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
});

/** What is found in a crontab; what crontab prints when it fails. */
function find(table: string, { fails = false, isOwn = true } = {}) {
  const bin = join(home, 'bin');
  const crontab = join(bin, 'crontab');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'table'), `${table}\n`);
  writeFileSync(crontab, `#!/bin/sh\ncat ${bin}/table ${fails ? '>&2; exit 1' : ''}\n`);
  chmodSync(crontab, 0o755);
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  return findCrontab({ name: 'bridge', uid: 4711, home }, isOwn);
}

/** What install.sh --cron leaves. */
function install(status: string | undefined, instance = 'default'): string {
  const script = join(home, '.config/claude-session-cleanup', `${instance}.sh`);
  const log = join(home, '.local/state/claude-session-cleanup', `${instance}.status`);
  for (const path of [script, log]) mkdirSync(dirname(path), { recursive: true });
  writeFileSync(script, '#!/bin/sh\n');
  writeFileSync(script.replace(/sh$/, 'env'), 'CLAUDE_SESSION_DIR="/srv/map"\n');
  if (status !== undefined) writeFileSync(log, `${status}\n`);
  return `7 * * * * "${script}"`;
}

describe('a line of the installer', () => {
  it('is well, with what is known of its runs', () => {
    const { checks, jobs } = find(install('0'));
    expect(checks[0]?.message).toMatch(
      /^this user's crontab has a line(, but no cron daemon runs)?$/,
    );
    expect(jobs).toEqual([
      expect.objectContaining({
        subject: 'cron',
        mode: 'cron',
        instance: 'default',
        user: 'bridge',
        directories: ['/srv/map'],
        lastFired: expect.any(Number),
        isHourly: true,
        isSettled: true,
        logCommand: expect.stringMatching(/^tail -n 20 .*\/default\.log$/),
      }),
    ]);
  });

  it('has failed, and is not settled then', () => {
    expect(find(install('127')).jobs[0]?.isSettled).toBe(false);
  });

  it('has not run yet', () => {
    const { jobs } = find(install(undefined));
    expect(jobs[0]).toMatchObject({ lastFired: undefined, isSettled: true });
  });

  it('is hourly unless somebody has changed that, and changed when its script was', () => {
    const line = install('0');
    utimesSync(/"(.*)"/.exec(line)?.[1] ?? '', 60, 60);
    const found = (times: string) => find(line.replace('7 * * * *', times)).jobs[0];
    expect(found('7 * * * *')?.changedAt).toBe(60_000);
    const hourly = ['7 * * * *', '@hourly', '7 3 * * *', '@daily'].map(
      (times) => found(times)?.isHourly,
    );
    expect(hourly).toEqual([true, true, false, false]);
  });

  it('is of an instance, and in another user’s crontab for root', () => {
    const { jobs, checks } = find(install('0', 'dev'), { isOwn: false });
    expect(jobs[0]).toMatchObject({ subject: 'cron (dev)', instance: 'dev' });
    expect(checks[0]?.message).toContain("bridge's crontab has a line");
  });
});

it('a line of the first version is told by itself, and is no job', () => {
  const line = '0 * * * * python3 /opt/bridge/cleanup_idle_sessions.py';
  expect(find(line)).toEqual({
    checks: [
      expect.objectContaining({
        level: 'warning',
        message: `this user's crontab starts another program, not this one: ${line}`,
      }),
    ],
    jobs: [],
  });
});

it('a line of one’s own is a job whose map is not known', () => {
  const { jobs } = find('*/30 * * * * claude-session-cleanup -q');
  expect(jobs).toEqual([
    expect.objectContaining({ directories: [], lastFired: undefined, isSettled: true }),
  ]);
});

it('comments, and lines of other programs, are nothing', () => {
  expect(find('# claude-session-cleanup (default)\n0 5 * * * backup\n\n').checks).toEqual([]);
});

it('a crontab that can not be read is not the same as none', () => {
  expect(find('no crontab for bridge', { fails: true }).checks).toEqual([]);
  expect(find('you are not allowed to use it', { fails: true }).checks).toEqual([
    expect.objectContaining({
      subject: 'schedule',
      level: 'warning',
      message: "could not ask this user's crontab",
    }),
  ]);
});
