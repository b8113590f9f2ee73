import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  LAST_RUN_NAME,
  type LastRun,
  type Run,
  readLastRun,
  writeLastRun,
} from '../../../src/journal/last-run.js';

const run: Run = {
  endedAt: '2026-11-20T10:00:01.000Z',
  exitStatus: 0,
  error: null,
  removed: 3,
  weaker: null,
  missing: { '["claude-cli","a/b"]': { session: 's', since: '2026-11-20T09:00:00.000Z' } },
  sessionDir: '/srv/bridge',
  thresholdHours: 2,
  roots: { claude: '/home/u/.claude' },
  bridgeUrl: null,
  onChange: null,
};

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'last-run-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function written(dir: string): LastRun {
  const record = readLastRun(dir);
  if (record === undefined) throw new Error('no record');
  return record;
}

describe('the record of the last run', () => {
  it('is read as it was written', () => {
    const dir = directory();
    writeLastRun(dir, run, undefined);
    expect(readLastRun(dir)).toMatchObject({
      version: 1,
      ...run,
      user: userInfo().username,
      home: process.env['HOME'],
      program: {
        path: process.argv[1],
        version: expect.any(String),
        node: process.version,
        nodePath: process.execPath,
      },
      counters: { runs: 1, removed: 3, failed: 0 },
    });
  });

  it('counts on from the record before', () => {
    const dir = directory();
    writeLastRun(dir, run, undefined);
    writeLastRun(dir, { ...run, removed: 4, exitStatus: 1, error: 'no space' }, written(dir));
    expect(written(dir).counters).toEqual({ runs: 2, removed: 7, failed: 1 });
  });

  // A thread, as the mutation tests have it, can't set the umask.
  it.runIf(isMainThread)('is for its owner alone, whatever the umask', () => {
    const dir = directory();
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    writeLastRun(dir, run, undefined);
    expect(statSync(join(dir, LAST_RUN_NAME)).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual([LAST_RUN_NAME]);
  });

  it('is written though a killed run left its temp file', () => {
    const dir = directory();
    writeFileSync(join(dir, `.${LAST_RUN_NAME}.tmp`), '{"half');
    writeLastRun(dir, run, undefined);
    expect(readdirSync(dir)).toEqual([LAST_RUN_NAME]);
  });
});

describe('there is no record', () => {
  it('when there is no file', () => {
    expect(readLastRun(directory())).toBeUndefined();
  });

  it.each([
    ['is empty', () => ''],
    ['is half of one', (whole: string) => whole.slice(0, 100)],
    ['is other JSON', () => '[]'],
    ['is of a later version', (whole: string) => whole.replace('"version":1', '"version":2')],
    ['lacks a part', (whole: string) => whole.replace('"missing"', '"other"')],
    ['has no time', (whole: string) => whole.replace('"endedAt":"2026', '"endedAt":"soon')],
  ])('when the file %s', (_name, damaged) => {
    const dir = directory();
    writeLastRun(dir, run, undefined);
    const path = join(dir, LAST_RUN_NAME);
    writeFileSync(path, damaged(JSON.stringify(written(dir))));
    expect(readLastRun(dir)).toBeUndefined();
  });

  it('when a pipe, a link or a directory has its name', () => {
    for (const make of [['mkfifo'], ['ln', '-s', '/etc/passwd'], ['mkdir']]) {
      const dir = directory();
      const [command = '', ...args] = make;
      execFileSync(command, [...args, join(dir, LAST_RUN_NAME)]);
      expect(readLastRun(dir)).toBeUndefined();
      chmodSync(dir, 0o700);
    }
  });
});
