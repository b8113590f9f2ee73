import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeMetrics } from '../../../src/metrics/metrics.js';
import { Problems } from '../../../src/output/problems.js';
import type { CleanReport } from '../../../src/report/clean-report.js';
import { Home } from '../../support/home.js';
import { NOW, reportOf, rowOf } from '../report/report-of.js';

const PREFIX = 'claude_session_cleanup_';

/** The samples that a run leaves, by their names and labels, without the prefix. */
function samplesOf(report: CleanReport | undefined, problems = new Problems()): object {
  const home = new Home();
  const file = join(home.dir, 'run.prom');
  writeMetrics(file, home.sessionDir, report, problems);
  const lines = readFileSync(file, 'utf8').replaceAll(home.mapPath, 'MAP').split('\n');
  const samples = lines.filter((line) => line.startsWith(PREFIX));
  return Object.fromEntries(
    samples.map((line) => [
      line.slice(PREFIX.length, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' '))),
    ]),
  );
}

describe('the metrics of a run', () => {
  const codex = { provider: 'codex-cli', family: 'codex' } as const;
  const report = reportOf(
    [
      rowOf({ lastActivity: NOW - 7_000 }),
      rowOf({ lastActivity: NOW - 9_000, state: 'active' }),
      rowOf({ mapping: codex, lastActivity: null, state: 'missing' }),
    ],
    { writtenBack: 2 },
  );

  it('count its sessions by section and state, and tell how long the oldest is idle', () => {
    const samples = samplesOf(report);
    expect(samples).toMatchObject({
      'sessions{map="MAP",provider="claude-cli",state="idle"}': 1,
      'sessions{map="MAP",provider="claude-cli",state="active"}': 1,
      'sessions{map="MAP",provider="claude-cli",state="missing"}': 0,
      'sessions{map="MAP",provider="codex-cli",state="missing"}': 1,
      'oldest_idle_seconds{map="MAP",provider="claude-cli"}': 9,
      'written_back_mappings{map="MAP"}': 2,
    });
    expect(samples).not.toHaveProperty('oldest_idle_seconds{map="MAP",provider="codex-cli"}');
  });

  it('escape what stands in a label', () => {
    const odd = rowOf({ mapping: { provider: 'a"\\\n' } });
    expect(samplesOf(reportOf([odd]))).toHaveProperty(
      ['sessions{map="MAP",provider="a\\"\\\\\\\\u{a}",state="idle"}'],
      1,
    );
  });

  it('tell when it ended, and that it did all its work', () => {
    const before = Date.now() / 1000;
    const samples = samplesOf(report);
    const ended = new Map(Object.entries(samples)).get('last_run_timestamp_seconds{map="MAP"}');
    expect(ended).toBeGreaterThanOrEqual(before);
    expect(samples).toMatchObject({
      'last_run_success{map="MAP"}': 1,
      'runs_total{map="MAP"}': 0,
      'failed_runs_total{map="MAP"}': 0,
      'removed_mappings_total{map="MAP"}': 0,
    });
  });

  it('tell that it failed when it had errors, or no report', () => {
    const problems = new Problems();
    problems.warn('harmless');
    expect(samplesOf(report, problems)).toHaveProperty(['last_run_success{map="MAP"}'], 1);
    problems.error('bad');
    expect(samplesOf(report, problems)).toHaveProperty(['last_run_success{map="MAP"}'], 0);
    const failed = samplesOf(undefined);
    expect(failed).toHaveProperty(['last_run_success{map="MAP"}'], 0);
    expect(Object.keys(failed).join()).not.toContain('sessions');
  });

  it('have their meaning and their type', () => {
    const home = new Home();
    const file = join(home.dir, 'run.prom');
    writeMetrics(file, home.sessionDir, report, new Problems());
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(`# HELP ${PREFIX}runs_total Runs on this map.\n`);
    expect(text).toContain(`# TYPE ${PREFIX}runs_total counter\n`);
    expect(text).toContain(`# TYPE ${PREFIX}sessions gauge\n`);
  });
});

describe('the file of the metrics', () => {
  function saidOf(home: Home, name: string): string[] {
    const problems = new Problems();
    writeMetrics(join(home.dir, name), home.sessionDir, reportOf([]), problems);
    return problems.all.map(({ level, message }) => `${level}: ${message}`);
  }

  it('is replaced, readable by all', () => {
    const home = new Home();
    expect(saidOf(home, 'run.prom')).toEqual([]);
    expect(saidOf(home, 'run.prom')).toEqual([]);
    expect(lstatSync(join(home.dir, 'run.prom')).mode & 0o777).toBe(0o644);
  });

  it('may lie behind a link', () => {
    const home = new Home();
    symlinkSync('there.prom', join(home.dir, 'run.prom'));
    expect(saidOf(home, 'run.prom')).toEqual([]);
    expect(lstatSync(join(home.dir, 'run.prom')).isSymbolicLink()).toBe(true);
    expect(existsSync(join(home.dir, 'there.prom'))).toBe(true);
  });

  it.each([
    ['a file of anything else', 'map.json', '{}', 'it holds something else than metrics'],
    ['an empty file of another ending', 'empty.json', '', 'its name must end in .prom'],
    ['a new file of another ending', 'new.txt', undefined, 'its name must end in .prom'],
    ['a directory', 'bridge', undefined, 'it is not a regular file'],
    ['nothing where its directory lacks', 'no/run.prom', undefined, 'no such file or directory'],
  ])('is never %s', (_, name, content, reason) => {
    const home = new Home();
    const path = join(home.dir, name);
    if (content !== undefined) writeFileSync(path, content);
    expect(saidOf(home, name).join()).toContain(`problem: can't write the metrics: ${reason}`);
    if (content !== undefined) expect(readFileSync(path, 'utf8')).toBe(content);
    else expect(existsSync(path)).toBe(name === 'bridge');
  });
});
