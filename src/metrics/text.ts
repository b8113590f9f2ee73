import type { LastRun } from '../journal/last-run.js';
import { printable } from '../output/printable.js';
import { type CleanReport, countByState, type Row } from '../report/clean-report.js';

/** What a run tells the node exporter. */
export interface RunMetrics {
  /** The map's path: the label that tells the instances on one machine apart. */
  readonly map: string;
  /** When it ended, ms since the epoch. */
  readonly endedAt: number;
  readonly durationMs: number;
  readonly succeeded: boolean;
  /** Of all runs on this map; undefined before there was one. */
  readonly counters: LastRun['counters'] | undefined;
  /** Undefined when the run failed before it had looked. */
  readonly report: CleanReport | undefined;
}

export const PREFIX = 'claude_session_cleanup_';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number];

/** The Prometheus text of a run (exposition format 0.0.4). */
export function metricsText(run: RunMetrics): string {
  const { map, endedAt, durationMs, succeeded, counters, report } = run;
  const metric = (name: string, help: string, value: number): string =>
    metricOf(name, help, [[{ map }, value]]);
  return [
    metric('last_run_timestamp_seconds', 'When the last run ended.', endedAt / 1000),
    metric('last_run_success', 'Whether the last run did all its work.', Number(succeeded)),
    metric('last_run_duration_seconds', 'How long the last run took.', durationMs / 1000),
    metric('runs_total', 'Runs on this map.', counters?.runs ?? 0),
    metric('failed_runs_total', 'Runs on this map that failed.', counters?.failed ?? 0),
    metric('removed_mappings_total', 'Mappings removed by all runs.', counters?.removed ?? 0),
    ...(report === undefined ? [] : sessionMetrics(report, { map })),
  ].join('');
}

function sessionMetrics(report: CleanReport, labels: Labels): string[] {
  const providers = [...rowsByLabel(report)];
  const sessions = providers.flatMap(([provider, rows]) =>
    Object.entries(countByState(rows)).map(
      ([state, count]): Sample => [{ ...labels, provider, state }, count],
    ),
  );
  const oldest = providers.flatMap(([provider, rows]): Sample[] => {
    const times = rows.flatMap(({ decision }) => decision.lastActivity ?? []);
    const idle = times.reduce((longest, time) => Math.max(longest, report.now - time), 0);
    return times.length === 0 ? [] : [[{ ...labels, provider }, idle / 1000]];
  });
  const back = 'Mappings that the last run met again though they had been removed.';
  const longest =
    'How long the mapped session that is idle for longest had been so in the last run.';
  return [
    metricOf('written_back_mappings', back, [[labels, report.writtenBack]]),
    metricOf('sessions', 'Mapped sessions that the last run met, by state.', sessions),
    metricOf('oldest_idle_seconds', longest, oldest),
  ];
}

/** The rows by the text of their provider's label: two sections can have names that are written alike. */
function rowsByLabel({ sections, rows }: CleanReport): ReadonlyMap<string, readonly Row[]> {
  const byLabel = new Map(sections.map((provider): [string, Row[]] => [printable(provider), []]));
  for (const row of rows) byLabel.get(printable(row.decision.mapping.provider))?.push(row);
  return byLabel;
}

function metricOf(name: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const type = name.endsWith('_total') ? 'counter' : 'gauge';
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    return `${PREFIX}${name}{${pairs.join(',')}} ${value}\n`;
  });
  return `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n${lines.join('')}`;
}

function escapeLabel(text: string): string {
  return printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
