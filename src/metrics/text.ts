import { printable } from '../output/printable.js';
import { type CleanReport, countByState, type Row, summarize } from '../report/clean-report.js';

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

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number];

/**
 * The Prometheus text of a run (exposition format 0.0.4).
 *
 * @param earlier the text that the run before left: its counters go on from there
 */
export function metricsText(run: RunMetrics, earlier: string): string {
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
    Object.entries(countByState(rows)).map(
      ([state, count]): Sample => [{ ...labels, provider, state }, count],
    ),
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
