import { runClean } from '../clean/run.js';
import type { Options } from '../options/resolve.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import { goesToJournal, terminalWidth } from '../output/streams.js';
import type { CleanReport } from '../report/clean-report.js';
import { cleanText } from '../report/clean-text.js';
import { cleanJson } from '../report/json.js';
import { logText } from '../report/log-text.js';

/**
 * Removes the mappings of idle sessions, and reports. Whoever meets its error writes the metrics of a run
 * that failed.
 *
 * @throws CleanupError when the run could not come to its decision; the map is whole
 */
export async function clean(options: Options, problems: Problems) {
  const { metrics, sessionDir, dryRun } = options;
  const report = await runClean(options, problems);
  if (metrics !== undefined && !dryRun) {
    const { writeMetrics } = await import('../metrics/metrics.js');
    writeMetrics(metrics, sessionDir, report, problems);
  }
  return { json: () => cleanJson(report, problems.all), text: () => textOf(report, options) };
}

function textOf(
  report: CleanReport,
  options: Options,
): Iterable<string> | Promise<Iterable<string>> {
  if (options.quiet) return '';
  if (!report.hasMap) return `No session map at ${printable(report.map)} yet: nothing to clean\n`;
  const isLog = !report.dryRun && !options.verbose && goesToJournal(1);
  return isLog ? logText(report) : cleanText(report, { ...options, width: terminalWidth() });
}
