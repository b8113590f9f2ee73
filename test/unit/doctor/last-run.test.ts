import { describe, expect, it } from 'vitest';
import type { Job } from '../../../src/doctor/job.js';
import { checkLastRun } from '../../../src/doctor/last-run.js';
import type { LastRun } from '../../../src/journal/last-run.js';
import { VERSION } from '../../../src/name.js';
import { jobOf } from './stand-in.js';

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

const TIMER = jobOf({ dueAt: NOW - HOUR_MS });

describe('the last run', () => {
  it('is told with when it ended, as whom, its threshold and what it removed', () => {
    expect(checkLastRun(recordOf(), [TIMER], NOW)).toEqual([
      expect.objectContaining({
        subject: 'last run',
        level: 'ok',
        message: expect.stringMatching(
          /, 30 minutes ago, as bridge, threshold 4 hours, removed 1 mapping$/,
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

  it('was made by another version of the program', () => {
    const program = { path: '/opt/old/cli.js', version: '1.0.0', node: 'v20', nodePath: '/node' };
    expect(checkLastRun(recordOf({ program }), [TIMER], NOW)).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        message: `was made by /opt/old/cli.js 1.0.0, not by this copy, ${VERSION}`,
        fix: expect.stringContaining('install.sh --systemd'),
      }),
    );
  });

  it('is none yet where nothing was due: that is no fault', () => {
    for (const jobs of [[], [jobOf({ dueAt: 0 })]]) {
      expect(checkLastRun(undefined, jobs, NOW)).toEqual([
        expect.objectContaining({
          level: 'ok',
          message: 'none has left a record beside this map',
        }),
      ]);
    }
  });
});

describe('a job that was due and left no record of a real run', () => {
  const isSilent = (last: LastRun | undefined, job: Job): boolean =>
    checkLastRun(last, [job], NOW).some(
      ({ level, subject }) => level === 'problem' && subject === job.subject,
    );

  it('does not start, makes dry runs, or cleans another map', () => {
    const [check] = checkLastRun(recordOf(endedAgo(5 * HOUR_MS)), [TIMER], NOW);
    expect(check).toMatchObject({
      level: 'problem',
      subject: 'the timer',
      message: expect.stringMatching(/^was due .*, but the last real run ended .*dry runs/),
      fix: expect.stringMatching(/DRY_RUN.*journalctl -u it/),
    });
    expect(checkLastRun(undefined, [TIMER], NOW)[0]?.message).toContain(
      'but no real run has left a record: ',
    );
  });

  it('may only have been activated, as it was installed', () => {
    const { dueAt } = TIMER;
    expect(isSilent(undefined, { ...TIMER, changedAt: dueAt - 30 * SECOND_MS })).toBe(false);
    expect(isSilent(undefined, { ...TIMER, changedAt: dueAt - 90 * SECOND_MS })).toBe(true);
  });

  it('is not one that ran, or was started just now', () => {
    expect(isSilent(recordOf(endedAgo(HOUR_MS - 2 * SECOND_MS)), TIMER)).toBe(false);
    expect(isSilent(recordOf(endedAgo(HOUR_MS + 2 * SECOND_MS)), TIMER)).toBe(false);
    expect(isSilent(recordOf(endedAgo(HOUR_MS + 9 * SECOND_MS)), TIMER)).toBe(true);
    expect(isSilent(undefined, { ...TIMER, dueAt: NOW - 2 * SECOND_MS })).toBe(false);
  });
});
