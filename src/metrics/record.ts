import { join } from 'node:path';
import { CleanupError } from '../errors.js';
import type { MetricsOptions } from '../options/resolve.js';
import type { Problems } from '../output/problems.js';
import type { CleanReport } from '../report/clean-report.js';
import { MAP_NAME } from '../session-map/location.js';
import { MetricsFile } from './file.js';

/** The metrics of a run that begins now; none when it is a dry one, or nobody asked for them. */
export class MetricsRecord {
  readonly #startedAt = Date.now();
  readonly #map: string;
  readonly #file: MetricsFile | undefined;
  readonly #problems: Problems;

  constructor({ metrics, sessionDir, dryRun }: MetricsOptions, problems: Problems) {
    this.#map = join(sessionDir, MAP_NAME);
    this.#file = metrics === undefined || dryRun ? undefined : new MetricsFile(metrics);
    this.#problems = problems;
  }

  /**
   * Writes them; the last time is the one that counts. That they can't be written is a problem of the run.
   *
   * @param report undefined when the run failed before it had looked
   * @param isDone whether it came to its end; with errors among its problems it has failed all the same
   */
  write(report: CleanReport | undefined, isDone: boolean): void {
    const endedAt = Date.now();
    try {
      this.#file?.write({
        map: this.#map,
        endedAt,
        durationMs: endedAt - this.#startedAt,
        succeeded: isDone && !this.#problems.hasErrors,
        report,
      });
    } catch (error) {
      if (!(error instanceof CleanupError)) throw error;
      this.#problems.error(error.message);
    }
  }
}
