import { runClean } from '../clean/run.js';
import { EXIT, type ExitStatus } from '../errors.js';
import type { Options } from '../options/resolve.js';
import { printable, printableJson } from '../output/printable.js';
import { Problems } from '../output/problems.js';
import { goesToJournal, print, printProblems, terminalWidth } from '../output/streams.js';
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
export async function clean(options: Options): Promise<ExitStatus> {
  const { metrics, sessionDir, dryRun } = options;
  const problems = new Problems();
  try {
    const report = await runClean(options, problems);
    if (metrics !== undefined && !dryRun) {
      const { writeMetrics } = await import('../metrics/metrics.js');
      // First, since the report tells of metrics that can't be written.
      writeMetrics(metrics, sessionDir, report, problems);
    }
    await print(await render(report, options, problems));
  } finally {
    printProblems(problems.all);
  }
  return problems.hasErrors ? EXIT.failed : EXIT.done;
}

async function render(report: CleanReport, options: Options, problems: Problems): Promise<string> {
  if (options.json) return printableJson(cleanJson(report, problems.all));
  if (options.quiet) return '';
  if (!report.hasMap) return `No session map at ${printable(report.map)} yet: nothing to clean\n`;
  const isLog = !report.dryRun && !options.verbose && goesToJournal(1);
  return isLog ? logText(report) : cleanText(report, { ...options, width: terminalWidth() });
}
