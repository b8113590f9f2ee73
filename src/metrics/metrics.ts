import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reason } from '../errors.js';
import { readLastRun } from '../journal/last-run.js';
import { problem } from '../output/finding.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import { type CleanReport, countByState, type Row } from '../report/clean-report.js';
import { MAP_NAME } from '../session-map/location.js';
import { isOwn } from '../system/account.js';
import { followLinks } from '../system/follow-links.js';
import { replaceFile } from '../system/replace-file.js';

const PREFIX = 'claude_session_cleanup_';
const ENDING = '.prom';
// The node exporter runs as a user of its own, whatever our umask.
const READABLE_BY_ALL = 0o644;

/**
 * Writes the metrics of a run that ends now; the last time is the one that counts. That they can't be
 * written is a problem of the run.
 *
 * @param report undefined when the run failed
 * @param problems with errors among them it has failed, too
 */
export function writeMetrics(
  file: string,
  sessionDir: string,
  report: CleanReport | undefined,
  problems: Problems,
): void {
  const map = join(sessionDir, MAP_NAME);
  const succeeded = report !== undefined && !problems.hasErrors;
  try {
    const ofSessions = report === undefined ? '' : sessionMetrics(map, report);
    replaceMetrics(file, runMetrics(map, succeeded) + ofSessions);
  } catch (error) {
    problems.add(problem(file, `can't write the metrics: ${reason(error)}`));
  }
}

function runMetrics(map: string, succeeded: boolean): string {
  // The record of all runs lies beside the map itself, when that is behind a link.
  const directory = dirname(existsSync(map) ? realpathSync(map) : map);
  const { runs, failed, removed } = readLastRun(directory)?.counters ?? {};
  const duration = performance.now() / 1000;
  const metric = (name: string, help: string, value = 0): string =>
    metricOf(name, help, [[{ map }, value]]);
  return [
    metric('last_run_timestamp_seconds', 'When the last run ended.', Date.now() / 1000),
    metric('last_run_success', 'Whether the last run did all its work.', Number(succeeded)),
    metric('last_run_duration_seconds', 'How long the last run took.', duration),
    metric('runs_total', 'Runs on this map.', runs),
    metric('failed_runs_total', 'Runs on this map that failed.', failed),
    metric('removed_mappings_total', 'Mappings removed by all runs.', removed),
  ].join('');
}

function sessionMetrics(map: string, { sections, rows, now, writtenBack }: CleanReport): string {
  // Two sections can have names that are written alike.
  const byLabel = new Map(sections.map((section): [string, Row[]] => [printable(section), []]));
  for (const row of rows) byLabel.get(printable(row.decision.mapping.provider))?.push(row);
  const sessions: Sample[] = [];
  const oldest: Sample[] = [];
  for (const [provider, its] of byLabel) {
    for (const [state, count] of Object.entries(countByState(its))) {
      sessions.push([{ map, provider, state }, count]);
    }
    const last = its.flatMap(({ decision }) => decision.lastActivity ?? []);
    const first = last.reduce((least, time) => Math.min(least, time), now);
    if (last.length > 0) oldest.push([{ map, provider }, (now - first) / 1000]);
  }
  const back = 'Mappings that the last run met again though they had been removed.';
  const longest = 'How long the session that is idle for longest had been so in the last run.';
  return [
    metricOf('written_back_mappings', back, [[{ map }, writtenBack]]),
    metricOf('sessions', 'Mapped sessions that the last run met, by state.', sessions),
    metricOf('oldest_idle_seconds', longest, oldest),
  ].join('');
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** A metric in Prometheus' text (exposition format 0.0.4). */
function metricOf(name: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const type = name.endsWith('_total') ? 'counter' : 'gauge';
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${PREFIX}${name}{${pairs.join(',')}} ${value}\n`;
  });
  return `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n${lines.join('')}`;
}

function escaped(label: string): string {
  return printable(label).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

/** In one step, so that the node exporter never reads half a file; and only ever over a file of metrics. */
function replaceMetrics(start: string, text: string): void {
  const { path, stats } = followLinks(start, (at) => {
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() && !isOwn(found)) {
      throw new Error(`the link ${at} belongs to user ${found.uid}`);
    }
    return found;
  });
  if (stats !== undefined && !stats.isFile()) throw new Error('it is not a regular file');
  const size = stats?.size ?? 0;
  if (size === 0 && !path.endsWith(ENDING)) throw new Error(`its name must end in ${ENDING}`);
  if (size > 0 && !readFileSync(path, 'utf8').startsWith(`# HELP ${PREFIX}`))
    throw new Error('it holds something else than metrics; left untouched');
  // The node exporter reads *.prom: the temp file must not end so.
  const temp = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`);
  replaceFile(path, text, { temp, mode: READABLE_BY_ALL });
}
