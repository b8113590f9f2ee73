import { renameSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Ending, recordRun } from '../../../src/clean/record.js';
import { reportOf } from '../../../src/clean/result.js';
import { CleanupError, EXIT } from '../../../src/errors.js';
import { readLastRun } from '../../../src/journal/last-run.js';
import { ByChat } from '../../../src/session-map/by-chat.js';
import { assessed, lookOptions } from '../../support/assessed.js';
import { Home, uuid } from '../../support/home.js';

/** A home with an idle, an active and a missing session, and a run on it that ends as it is told. */
async function homeToRecord() {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.claude(uuid(2), 0.1);
  home.writeMap({ 'claude-cli': { idle: uuid(1), active: uuid(2), gone: uuid(3) } });
  const { assessment, location, problems } = await assessed(home);
  const [idle] = assessment.decisions;
  const gone = ByChat.of(idle ? [idle] : [], ({ mapping }) => [mapping, 'file' as const]);
  const removal = { gone, staying: new ByChat<never>(), weaker: null };
  const report = reportOf(assessment, false, removal, location, {
    ...{ dryRun: false, thresholdHours: 2 },
  });
  const options = {
    ...{ sessionDir: home.sessionDir, thresholdHours: 2, onChange: undefined },
    ...{ roots: lookOptions(home).roots, bridgeUrl: undefined },
  };
  const ends = (ending: Ending, over = {}) => {
    recordRun(ending, { ...options, ...over }, location, problems);
    return readLastRun(home.sessionDir);
  };
  return { home, report, problems, options, ends };
}

describe('the record of a run', () => {
  it('has what the run was told and what it did', async () => {
    const { report, ends, options, home } = await homeToRecord();
    const before = Date.now();
    const record = ends({ report, weaker: null });
    expect(record).toMatchObject({
      ...{ exitStatus: EXIT.done, error: null, removed: 1, weaker: null },
      ...{ sessionDir: home.sessionDir, thresholdHours: 2, roots: options.roots },
      ...{ bridgeUrl: null, onChange: null, counters: { runs: 1, removed: 1, failed: 0 } },
    });
    expect(Date.parse(record?.endedAt ?? '')).toBeGreaterThanOrEqual(before);
    const told = { bridgeUrl: new URL('http://127.0.0.1:8000'), onChange: 'true' };
    expect(ends({ report }, told)).toMatchObject({
      ...{ bridgeUrl: 'http://127.0.0.1:8000/', onChange: 'true' },
      counters: { runs: 2, removed: 2, failed: 0 },
    });
  });

  it('has the mappings that wait, without those that went', async () => {
    const { report, ends } = await homeToRecord();
    const missing = { '["claude-cli","gone"]': { session: uuid(3), since: expect.any(String) } };
    expect(ends({ report })?.missing).toEqual(missing);
    // A run that fails before it has decided leaves them waiting.
    expect(ends({ error: new CleanupError('no map') })?.missing).toEqual(missing);
    const rows = report.rows.map((row) => ({ ...row, action: 'removed' as const }));
    expect(ends({ report: { ...report, rows } })?.missing).toEqual({});
  });

  it('has the first problem of a run that came to its end', async () => {
    const { report, ends, problems } = await homeToRecord();
    problems.warn('not this one');
    problems.error('first', 'do this');
    problems.error('second');
    expect(ends({ report })).toMatchObject({ exitStatus: EXIT.failed, error: 'first; do this' });
  });

  it('has what ended a run, an error of its own or another', async () => {
    const { ends } = await homeToRecord();
    const known = new CleanupError('no map', 'make one', EXIT.usage);
    expect(ends({ error: known })).toMatchObject({
      ...{ exitStatus: EXIT.usage, error: 'no map; make one', removed: 0 },
    });
    expect(ends({ error: new TypeError('x is undefined') })).toMatchObject({
      ...{ exitStatus: EXIT.failed, error: 'x is undefined' },
      counters: { runs: 2, removed: 0, failed: 2 },
    });
  });

  it('keeps how the map can be replaced until a run replaces it', async () => {
    const { report, ends } = await homeToRecord();
    expect(ends({ report })?.weaker).toBeNull();
    expect(ends({ report, weaker: 'grants no leases' })?.weaker).toBe('grants no leases');
    expect(ends({ report })?.weaker).toBe('grants no leases');
    expect(ends({ report, weaker: null })?.weaker).toBeNull();
  });

  it('is left to the run that holds the lock', async () => {
    const { ends } = await homeToRecord();
    expect(ends({ error: new CleanupError('locked', null, EXIT.locked) })).toBeUndefined();
  });

  it('that can not be written is a warning, unless something worse is to be said', async () => {
    const { home, report, ends, problems } = await homeToRecord();
    renameSync(home.sessionDir, `${home.sessionDir}-moved`);
    ends({ error: new TypeError('worse') });
    expect(problems.all).toEqual([]);
    ends({ report });
    expect(problems.all).toMatchObject([
      { level: 'warning', message: expect.stringContaining("last-run.json: can't be written: ") },
    ]);
    rmSync(`${home.sessionDir}-moved`, { recursive: true });
  });
});
