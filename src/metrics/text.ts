import type { LastRun } from '../journal/last-run.js';
import { printable } from '../output/printable.js';
import { type CleanReport, countByState, type Row } from '../report/clean-report.js';

/** What a run tells the node exporter. */
export interface RunMetrics {
  /** The map's path: the label that tells the instances on one machine apart. */
  readonly map: string;
  readonly succeeded: boolean;
  /** Of all runs on this map; undefined before there was one. */
  readonly counters: LastRun['counters'] | undefined;
  /** Undefined when the run failed before it had looked. */
  readonly report: CleanReport | undefined;
}

export const PREFIX = 'claude_session_cleanup_';

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** The Prometheus text of a run (exposition format 0.0.4). */
export function metricsText({ map, succeeded, counters, report }: RunMetrics): string {
  const duration = performance.now() / 1000;
  const metric = (name: string, help: string, value = 0): string =>
    metricOf(name, help, [[{ map }, value]]);
  return [
    metric('last_run_timestamp_seconds', 'When the last run ended.', Date.now() / 1000),
    metric('last_run_success', 'Whether the last run did all its work.', Number(succeeded)),
    metric('last_run_duration_seconds', 'How long the last run took.', duration),
    metric('runs_total', 'Runs on this map.', counters?.runs),
    metric('failed_runs_total', 'Runs on this map that failed.', counters?.failed),
    metric('removed_mappings_total', 'Mappings removed by all runs.', counters?.removed),
    ...(report === undefined ? [] : sessionMetrics(report, map)),
  ].join('');
}

function sessionMetrics({ sections, rows, now, writtenBack }: CleanReport, map: string): string[] {
  // Two sections can have names that are written alike.
  const byLabel = new Map(sections.map((section): [string, Row[]] => [printable(section), []]));
  for (const row of rows) byLabel.get(printable(row.decision.mapping.provider))?.push(row);
  const sessions: Sample[] = [];
  const oldest: Sample[] = [];
  for (const [provider, its] of byLabel) {
    for (const [state, count] of Object.entries(countByState(its))) {
      sessions.push([{ map, provider, state }, count]);
    }
    const idle = its.flatMap(({ decision }) => now - (decision.lastActivity ?? now));
    oldest.push([{ map, provider }, idle.reduce((most, time) => Math.max(most, time), 0) / 1000]);
  }
  return [
    metricOf(
      'written_back_mappings',
      'Mappings that the last run met again though they had been removed.',
      [[{ map }, writtenBack]],
    ),
    metricOf('sessions', 'Mapped sessions that the last run met, by state.', sessions),
    metricOf('oldest_idle_seconds', 'How long the longest idle session had been so.', oldest),
  ];
}

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
