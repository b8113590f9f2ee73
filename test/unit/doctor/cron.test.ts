import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findCronLines } from '../../../src/doctor/cron.js';
import { age, HOUR_MS, Home } from '../../support/home.js';
import { crontab } from './stand-in.js';

const uptime = vi.hoisted(() => vi.fn());
vi.mock('node:os', async (original) => ({ ...(await original<object>()), uptime }));

let home: Home;

beforeEach(() => {
  uptime.mockReturnValue(1e6);
  home = new Home();
});

const now = Date.now();

/** Has a process of this name run, as far as the kernel tells. */
function startDaemon(name = 'cron'): void {
  const path = join(home.dir, name);
  copyFileSync('/bin/sleep', path);
  const daemon = spawn(path, ['60'], { stdio: 'ignore' });
  onTestFinished(async () => {
    const ended = once(daemon, 'exit');
    daemon.kill();
    await ended;
  });
}

/** Whether this machine, or a sandbox on it, has one of its own at this moment. */
function hasDaemon(): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^crond?$/m.test(readFileSync(`/proc/${pid}/comm`, 'utf8'));
    } catch {
      return false;
    }
  });
}

/** What is found in the user's crontab. */
function find(table: string) {
  crontab(home, table);
  return findCronLines(home.dir, now).filter(({ check }) => !/\/etc\//.test(check.message));
}

/** What install.sh --cron leaves, and what its job does. */
function install(status: string | undefined, instance = 'default'): string {
  const settings = `.config/claude-session-cleanup/${instance}`;
  const script = home.file(`${settings}.sh`, 5, '#!/bin/sh\n');
  home.file(`${settings}.env`, 5, 'CLAUDE_SESSION_DIR="/srv/map"\n');
  const state = `.local/state/claude-session-cleanup/${instance}.status`;
  if (status !== undefined) home.file(state, 0.5, `${status}\n`);
  return `7 * * * * "${script}"`;
}

describe('a line of the installer', () => {
  it('is well while cron runs', () => {
    startDaemon();
    const [found] = find(install('0'));
    expect(found?.check).toEqual({
      subject: 'cron',
      level: 'ok',
      message: "this user's crontab has a line",
      fix: null,
    });
    expect(found?.job).toEqual({
      subject: 'cron',
      mode: 'cron',
      instance: 'default',
      directory: '/srv/map',
      restartsBridge: false,
      changedAt: expect.closeTo(now - 5 * HOUR_MS, -5),
      dueAt: expect.closeTo(now - HOUR_MS / 2, -5),
      logCommand: `tail -n 20 ${home.dir}/.local/state/claude-session-cleanup/default.log`,
    });
  });

  it('does nothing while no cron runs', ({ skip }) => {
    const before = hasDaemon();
    const [found] = find(install('0'));
    skip(before || hasDaemon());
    expect(found?.check).toMatchObject({
      level: 'problem',
      message: "this user's crontab has a line, but no cron daemon runs",
      fix: expect.stringMatching(/systemctl enable --now cron$/),
    });
  });

  it('has failed: that is told, and more than that it was due', () => {
    startDaemon('crond');
    const [found] = find(install('127'));
    expect(found?.check).toMatchObject({
      level: 'problem',
      message: "the last start by this user's crontab failed",
      fix: found?.job?.logCommand,
    });
    expect(found?.job?.dueAt).toBe(0);
  });

  it('was due within two hours when it is hourly and has not run', () => {
    const due = (times: string) =>
      find(install(undefined).replace('7 * * * *', times))[0]?.job?.dueAt;
    expect(due('7 * * * *')).toBe(now - 2 * HOUR_MS);
    expect(due('@hourly')).toBe(now - 2 * HOUR_MS);
    expect(due('7 3 * * *')).toBe(0);
    expect(due('@daily')).toBe(0);
  });

  it('was not due while the machine was off', () => {
    uptime.mockReturnValue(3600);
    expect(find(install(undefined))[0]?.job?.dueAt).toBe(0);
  });

  it('has lost its script', () => {
    startDaemon();
    const line = install('0');
    const script = join(home.dir, '.config/claude-session-cleanup/default.sh');
    rmSync(script);
    expect(find(line)[0]?.check).toMatchObject({
      level: 'problem',
      message: `this user's crontab has a line, but ${script} is not there`,
      fix: expect.stringMatching(/install\.sh --cron$/),
    });
  });

  it('is of an instance', () => {
    expect(find(install('0', 'dev'))[0]?.job).toMatchObject({
      subject: 'cron (dev)',
      instance: 'dev',
    });
  });

  it('may have a percent sign in its path, which cron wants escaped', () => {
    const line = install('0', 'a%b').replace('a%b', 'a\\%b');
    expect(find(line)[0]?.job).toMatchObject({ instance: 'a%b', directory: '/srv/map' });
  });
});

it('a line of one’s own is a job of which little is known', () => {
  // Of an installation that is no more.
  age(home.file('.local/state/claude-session-cleanup/default.status', 0, '1\n'), 9);
  startDaemon();
  const [found] = find('*/30 3 * * * claude-session-cleanup -q # of my own');
  expect(found?.check).toMatchObject({
    level: 'ok',
    message: "this user's crontab has a line of your own",
  });
  expect(found?.job).toMatchObject({
    directory: undefined,
    dueAt: 0,
    changedAt: 0,
    logCommand: "look into cron's own log",
  });
});

it('comments, and lines of other programs, are nothing', () => {
  const table =
    '# claude-session-cleanup (default)\n #x claude-session-cleanup\n0 5 * * * backup\n\n';
  expect(find(table)).toEqual([]);
});

describe('a crontab that can not be read', () => {
  it.each(['no crontab for bridge', "crontab: can't open 'bridge': No such file"])(
    'is none: %s',
    (said) => {
      crontab(home, said, true);
      expect(findCronLines(home.dir, now)).toEqual([]);
    },
  );

  it('is none where there is no cron', () => {
    vi.stubEnv('PATH', '/nowhere');
    expect(findCronLines(home.dir, now)).toEqual([]);
    vi.unstubAllEnvs();
  });

  it('is told where it may not be read', () => {
    crontab(home, 'you are not allowed to use it', true);
    expect(findCronLines(home.dir, now)).toEqual([
      {
        check: expect.objectContaining({
          subject: 'schedule',
          level: 'warning',
          message: "could not ask this user's crontab",
        }),
      },
    ]);
  });
});
