import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../../../src/doctor/job.js';
import { checkLastRun } from '../../../src/doctor/last-run.js';
import type { LastRun } from '../../../src/journal/last-run.js';
import { VERSION } from '../../../src/name.js';

const uptime = vi.hoisted(() => vi.fn());
vi.mock('node:os', async (original) => ({ ...(await original<object>()), uptime }));
beforeEach(() => void uptime.mockReturnValue(1e6));

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;
const NOW = Date.UTC(2026, 10, 30, 12);

function recordOf(changes: Partial<LastRun> = {}): LastRun {
  return {
    version: 1,
    endedAt: new Date(NOW - HOUR_MS / 2).toISOString(),
    exitStatus: 0,
    error: null,
    user: 'bridge',
    home: '/home/bridge',
    sessionDir: '/tmp/claude_sessions',
    thresholdHours: 4,
    roots: {},
    bridgeUrl: null,
    onChange: null,
    weaker: null,
    clock: { boot: 'b', upMs: 0 },
    removed: 1,
    missing: {},
    counters: { runs: 1, removed: 1, failed: 0 },
    program: {
      path: process.argv[1] ?? '',
      version: VERSION,
      node: process.version,
      nodePath: process.execPath,
    },
    ...changes,
  };
}

function endedAgo(ms: number): Partial<LastRun> {
  return { endedAt: new Date(NOW - ms).toISOString() };
}

const TIMER: Job = {
  subject: 'the timer',
  mode: 'systemd',
  instance: 'default',
  user: 'bridge',
  directories: [],
  lastFired: NOW - HOUR_MS,
  changedAt: 0,
  isHourly: false,
  isSettled: true,
  restartsBridge: false,
  logCommand: 'journalctl -u it',
};

const CRON: Job = { ...TIMER, subject: 'cron', mode: 'cron', lastFired: undefined, isHourly: true };

describe('the last run', () => {
  it('is told with when it ended, as whom, its threshold and what it removed', () => {
    expect(checkLastRun(recordOf(), [TIMER], NOW)).toEqual([
      expect.objectContaining({
        subject: 'last run',
        level: 'ok',
        message: expect.stringMatching(
          /, 0\.5h ago, as bridge, threshold 4 hours, removed 1 mapping$/,
        ),
      }),
    ]);
  });

  it('has failed, with its own words and where to read more', () => {
    const failed = recordOf({ exitStatus: 1, error: 'the map is damaged' });
    expect(checkLastRun(failed, [TIMER], NOW)).toEqual([
      expect.objectContaining({
        level: 'problem',
        message: expect.stringContaining('failed with status 1: the map is damaged'),
        fix: 'journalctl -u it',
      }),
    ]);
    const [silent] = checkLastRun(recordOf({ exitStatus: 75 }), [], NOW);
    expect(silent).toMatchObject({ level: 'problem', fix: null });
    expect(silent?.message).toMatch(/failed with status 75$/);
  });

  it('found that the map can only be replaced in the weaker way', () => {
    expect(checkLastRun(recordOf({ weaker: "can't make others wait" }), [], NOW)).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        message: expect.stringContaining("the map's disk can't make others wait"),
      }),
    );
  });

  it('was made by another copy of the program', () => {
    const program = { path: '/opt/old/cli.js', version: '1.0.0', node: 'v20', nodePath: '/node' };
    expect(checkLastRun(recordOf({ program }), [TIMER], NOW)).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        message: expect.stringContaining('by /opt/old/cli.js 1.0.0'),
        fix: expect.stringContaining('install.sh --systemd'),
      }),
    );
  });

  it('is none yet where nothing was started: that is no fault', () => {
    const levels = (jobs: Job[]): string[] =>
      checkLastRun(undefined, jobs, NOW).map(({ level }) => level);
    expect(levels([])).toEqual(['ok']);
    expect(levels([{ ...TIMER, lastFired: undefined }])).toEqual(['ok']);
  });
});

describe('a job that is started and leaves no record of a real run', () => {
  const isSilent = (last: LastRun | undefined, job: Job): boolean =>
    checkLastRun(last, [job], NOW).some(
      ({ level, subject }) => level === 'problem' && subject === job.subject,
    );

  it('makes dry runs, or cleans another map', () => {
    const [check] = checkLastRun(recordOf(endedAgo(5 * HOUR_MS)), [TIMER], NOW);
    expect(check).toMatchObject({
      level: 'problem',
      subject: 'the timer',
      message: expect.stringMatching(/^was started .*, but the last real run ended .*dry runs/),
      fix: expect.stringMatching(/DRY_RUN.*journalctl -u it/),
    });
    expect(isSilent(undefined, TIMER)).toBe(true);
  });

  it('may only have been activated, when that was as it was installed', () => {
    const { lastFired = 0 } = TIMER;
    expect(isSilent(undefined, { ...TIMER, changedAt: lastFired - 30 * SECOND_MS })).toBe(false);
    expect(isSilent(undefined, { ...TIMER, changedAt: lastFired - 90 * SECOND_MS })).toBe(true);
  });

  it('is not one that ran, runs, has failed or was started just now', () => {
    expect(isSilent(recordOf(endedAgo(HOUR_MS - 2 * SECOND_MS)), TIMER)).toBe(false);
    expect(isSilent(recordOf(endedAgo(HOUR_MS + 2 * SECOND_MS)), TIMER)).toBe(false);
    expect(isSilent(undefined, { ...TIMER, isSettled: false })).toBe(false);
    expect(isSilent(undefined, { ...TIMER, lastFired: NOW - 2 * SECOND_MS })).toBe(false);
  });

  it('is overdue after two hours when it should run every hour', () => {
    expect(isSilent(recordOf(endedAgo(2.1 * HOUR_MS)), CRON)).toBe(true);
    expect(isSilent(recordOf(endedAgo(1.9 * HOUR_MS)), CRON)).toBe(false);
    expect(isSilent(undefined, CRON)).toBe(true);
    expect(isSilent(undefined, { ...CRON, changedAt: NOW - HOUR_MS })).toBe(false);
    expect(isSilent(undefined, { ...CRON, isHourly: false })).toBe(false);
    uptime.mockReturnValue(3600);
    expect(isSilent(undefined, CRON)).toBe(false);
  });
});
