import { runClean } from '../clean/run.js';
import { EXIT, type ExitStatus } from '../errors.js';
import { metricsOf } from '../metrics/record.js';
import type { Options } from '../options/resolve.js';
import { printable, printableJson } from '../output/printable.js';
import { Problems } from '../output/problems.js';
import { goesToJournal, print, printProblems, terminalWidth } from '../output/streams.js';
import type { CleanReport } from '../report/clean-report.js';
import { cleanText } from '../report/clean-text.js';
import { cleanJson } from '../report/json.js';
import { logText } from '../report/log-text.js';

/**
 * Removes the mappings of idle sessions, and reports.
 *
 * @throws CleanupError when the run could not come to its decision; the map is whole
 */
export async function clean(options: Options): Promise<ExitStatus> {
  const problems = new Problems();
  const writeMetrics = metricsOf(options, problems);
  let report: CleanReport | undefined;
  try {
    report = await runClean(options, problems);
    // First, since the report tells of metrics that can't be written.
    writeMetrics(report, true);
    await print(await render(report, options, problems));
  } catch (error) {
    writeMetrics(report, false);
    throw error;
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
  return isLog ? logText(report) : cleanText(report, options, terminalWidth());
}
