import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { State } from '../decide.js';
import { CleanupError, errorCode, reason } from '../errors.js';
import { printable } from '../printable.js';
import { writeFully } from '../session-map/durable.js';
import { unlinkQuietly } from '../session-map/unlink.js';
import { type CleanReport, type Row, summarize } from './clean-report.js';

/** What a run tells the node exporter. */
export interface RunMetrics {
  /** The map's path: the label that tells the instances on one machine apart. */
  readonly map: string;
  /** When it ended, ms since the epoch. */
  readonly endedAt: number;
  readonly durationMs: number;
  readonly succeeded: boolean;
  /** Undefined when the run failed before it had looked. */
  readonly report: CleanReport | undefined;
}

const PREFIX = 'claude_session_cleanup_';
const STATES: readonly State[] = ['active', 'idle', 'missing', 'unreadable', 'unrecognized'];

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number];

/**
 * The Prometheus text of a run (exposition format 0.0.4).
 *
 * @param earlier the text that the run before left: its counters go on from there
 */
function metricsText(run: RunMetrics, earlier: string): string {
  const { map, endedAt, durationMs, succeeded, report } = run;
  const labels = { map };
  const counts = report && summarize(report);
  const counter = (name: string, help: string, more: number): string =>
    metric(name, 'counter', help, [[labels, earlierCount(earlier, name, labels) + more]]);
  return [
    metric('last_run_timestamp_seconds', 'gauge', 'When the last run ended.', [
      [labels, endedAt / 1000],
    ]),
    metric('last_run_success', 'gauge', 'Whether the last run did all its work.', [
      [labels, Number(succeeded)],
    ]),
    metric('last_run_duration_seconds', 'gauge', 'How long the last run took.', [
      [labels, durationMs / 1000],
    ]),
    counter(
      'removed_mappings_total',
      'Mappings removed, over all runs that wrote this file.',
      counts?.removed ?? 0,
    ),
    counter(
      'written_back_mappings_total',
      'Mappings that the bridge wrote back and that were removed again, over all runs that wrote this file.',
      // Not those found: as long as runs are held up, the same ones are found each time.
      report?.removedAgain ?? 0,
    ),
    ...(report === undefined ? [] : sessionMetrics(report, labels)),
  ].join('');
}

function sessionMetrics(report: CleanReport, labels: Labels): string[] {
  const { now } = report;
  const providers = [...rowsByLabel(report)];
  const sessions = providers.flatMap(([provider, rows]) =>
    STATES.map((state): Sample => {
      const inState = rows.filter(({ decision }) => decision.state === state);
      return [{ ...labels, provider, state }, inState.length];
    }),
  );
  const oldest = providers.flatMap(([provider, rows]) => {
    const times = rows.flatMap(({ decision }) => decision.lastActivity ?? []);
    const idle = times.reduce((longest, time) => Math.max(longest, now - time), 0);
    return times.length === 0 ? [] : [[{ ...labels, provider }, idle / 1000] as const];
  });
  return [
    metric('sessions', 'gauge', 'Mapped sessions that the last run met, by state.', sessions),
    metric(
      'oldest_idle_seconds',
      'gauge',
      'How long the mapped session that is idle for longest had been so when the last run met it.',
      oldest,
    ),
  ];
}

/** The rows by the text of their provider's label: two sections can have names that are written alike. */
function rowsByLabel({ sections }: CleanReport): ReadonlyMap<string, readonly Row[]> {
  const byLabel = new Map<string, readonly Row[]>();
  for (const { provider, rows } of sections) {
    const label = printable(provider);
    byLabel.set(label, [...(byLabel.get(label) ?? []), ...rows]);
  }
  return byLabel;
}

function metric(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return '';
  return [
    `# HELP ${PREFIX}${name} ${help}`,
    `# TYPE ${PREFIX}${name} ${type}`,
    ...samples.map(([labels, value]) => `${seriesOf(name, labels)} ${value}`),
    '',
  ].join('\n');
}

function seriesOf(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`);
  return `${PREFIX}${name}{${pairs.join(',')}}`;
}

function earlierCount(text: string, name: string, labels: Labels): number {
  const start = `${seriesOf(name, labels)} `;
  const line = text.split('\n').find((candidate) => candidate.startsWith(start));
  const count = Number(line?.slice(start.length));
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

function escapeLabel(text: string): string {
  return printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

// The node exporter runs as a user of its own, whatever our umask.
const READABLE_BY_ALL = 0o644;

/** The metrics file of one run. What it says can be written anew: the counters count the run once. */
export class MetricsFile {
  readonly #path: string;
  #earlier: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Writes it in one step, so that the node exporter never reads half a file.
   *
   * @throws CleanupError when the file can't be written, or is none
   */
  write(run: RunMetrics): void {
    try {
      const target = followed(this.#path);
      this.#earlier ??= readEarlier(target);
      replace(target, metricsText(run, this.#earlier));
    } catch (error) {
      throw new CleanupError(`${printable(this.#path)}: can't write the metrics: ${reason(error)}`);
    }
  }
}

function replace(target: string, text: string): void {
  // The node exporter reads *.prom: the temp file must not end so.
  const temp = join(dirname(target), `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const file = openSync(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, READABLE_BY_ALL);
    try {
      fchmodSync(file, READABLE_BY_ALL);
      writeFully(file, text);
    } finally {
      closeSync(file);
    }
    renameSync(temp, target);
  } catch (error) {
    unlinkQuietly(temp);
    throw error;
  }
}

const MAX_LINKS = 16;

/**
 * The file that a path means: links of our own, or of root's, are followed. Whatever else stands there
 * must be a regular file: a device would be replaced, and a pipe would wait for its other end.
 */
function followed(start: string): string {
  let path = start;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || stats.isFile()) return path;
    if (!stats.isSymbolicLink()) throw new Error('it is not a regular file');
    if (![0, process.geteuid?.()].includes(stats.uid)) {
      throw new Error(`the link ${path} belongs to user ${stats.uid}`);
    }
    path = resolve(dirname(path), readlinkSync(path));
  }
  throw new Error('too many symbolic links');
}

function readEarlier(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}
