import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CleanupError, reason } from '../errors.js';
import { printable } from '../printable.js';
import { writeFully } from '../session-map/durable.js';
import { unlinkQuietly } from '../session-map/temp-file.js';
import type { Summary } from './clean-report.js';

/** What a run tells the node exporter. */
export interface RunMetrics {
  /** The map's path: the label that tells the instances on one machine apart. */
  readonly map: string;
  /** When it ended, ms since the epoch. */
  readonly endedAt: number;
  readonly durationMs: number;
  readonly succeeded: boolean;
  /** Undefined when the run failed before it had looked. */
  readonly summary: Summary | undefined;
}

const PREFIX = 'claude_session_cleanup';

/** The Prometheus text of a run (exposition format 0.0.4). */
function metricsText({ map, endedAt, durationMs, succeeded, summary }: RunMetrics): string {
  const label = `map="${escapeLabel(map)}"`;
  const gauge = (name: string, help: string, values: readonly [string, number][]): string =>
    [
      `# HELP ${PREFIX}_${name} ${help}`,
      `# TYPE ${PREFIX}_${name} gauge`,
      ...values.map(([labels, value]) => `${PREFIX}_${name}{${labels}} ${value}`),
      '',
    ].join('\n');

  const parts = [
    gauge('last_run_timestamp_seconds', 'When the last run ended.', [[label, endedAt / 1000]]),
    gauge('last_run_success', 'Whether the last run did all its work.', [
      [label, Number(succeeded)],
    ]),
    gauge('last_run_duration_seconds', 'How long the last run took.', [[label, durationMs / 1000]]),
  ];
  if (summary !== undefined) {
    const { active, idle, missing, unreadable, unrecognized } = summary;
    const states = Object.entries({ active, idle, missing, unreadable, unrecognized });
    parts.push(
      gauge(
        'sessions',
        'Mapped sessions that the last run met, by state.',
        states.map(([state, count]) => [`${label},state="${state}"`, count]),
      ),
      gauge('removed_mappings', 'Mappings that the last run removed.', [[label, summary.removed]]),
      gauge('written_back_mappings', 'Removed mappings that the bridge had written back.', [
        [label, summary.writtenBack],
      ]),
    );
  }
  return parts.join('');
}

/**
 * Writes a run's metrics in one step, so that the node exporter never reads half a file.
 *
 * @throws CleanupError when the file can't be written
 */
export function writeMetrics(path: string, metrics: RunMetrics): void {
  // The node exporter reads *.prom: the temp file must not end so.
  const temp = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const file = openSync(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    try {
      writeFully(file, metricsText(metrics));
    } finally {
      closeSync(file);
    }
    renameSync(temp, path);
  } catch (error) {
    unlinkQuietly(temp);
    throw new CleanupError(`${printable(path)}: can't write the metrics: ${reason(error)}`);
  }
}

function escapeLabel(text: string): string {
  return printable(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
