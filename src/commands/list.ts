import { Bridge } from '../bridge/client.js';
import { EXIT, type ExitStatus } from '../errors.js';
import { examine } from '../examine.js';
import type { InspectOptions } from '../options.js';
import { printable, printableJson } from '../printable.js';
import { Problems } from '../problems.js';
import { type CleanReport, sectionsOf } from '../report/clean-report.js';
import { cleanJson } from '../report/json.js';
import { listText } from '../report/list-text.js';
import { printProblems } from '../report/stderr.js';
import { print } from '../report/stdout.js';
import { readJournal } from '../session-map/journal.js';
import { locateMap } from '../session-map/location.js';

/**
 * Shows every mapped session with its last activity; changes nothing.
 *
 * @throws CleanupError when the map or the bridge's memory can't be read
 */
export async function list(options: InspectOptions): Promise<ExitStatus> {
  const problems = new Problems();
  try {
    await print(await render(await look(options, problems), options));
  } finally {
    printProblems(problems.all);
  }
  return problems.hasErrors ? EXIT.failed : EXIT.done;
}

async function look(options: InspectOptions, problems: Problems): Promise<CleanReport> {
  const location = locateMap(options.sessionDir, false, problems);
  const bridge = options.bridgeUrl && new Bridge(options.bridgeUrl);
  const journal = readJournal(location.directory);
  const asked = { ...options, missing: 'keep', keepRunning: false } as const;
  const { decisions, mapped, policy, writtenBack } = await examine(
    asked,
    location,
    bridge,
    journal,
    true,
    problems,
  );
  const rows = decisions.map(
    (decision) => ({ decision, action: 'kept', via: null, note: null }) as const,
  );
  return {
    command: 'list',
    dryRun: false,
    thresholdHours: options.thresholdHours,
    now: policy.now,
    cutoff: policy.now - policy.thresholdMs,
    map: location.named,
    hasMap: mapped.file !== undefined || mapped.memory !== undefined,
    sections: sectionsOf(mapped, rows),
    writtenBack: writtenBack.length,
    withBridge: mapped.memory !== undefined,
    problems: problems.all,
  };
}

async function render(report: CleanReport, options: InspectOptions): Promise<string> {
  if (options.json) return printableJson(cleanJson(report));
  if (options.quiet) return '';
  if (!report.hasMap) return `No session map at ${printable(report.map)} yet: nothing is mapped\n`;
  return listText(report, options);
}
