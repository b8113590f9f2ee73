import { EXIT, type ExitStatus } from '../errors.js';
import type { Options } from '../options/resolve.js';
import { colorsFor } from '../output/colors.js';
import { printable, printableJson } from '../output/printable.js';
import { Problems } from '../output/problems.js';
import { printProblems } from '../output/stderr.js';
import { print, terminalWidth } from '../output/stdout.js';
import { providerOf } from '../providers/index.js';
import type { CleanReport, Row } from '../report/clean-report.js';
import { cleanJson } from '../report/json.js';
import { chosenRows } from '../report/list-rows.js';
import { listText } from '../report/list-text.js';
import { weighed } from '../report/weighed.js';
import { weighedText } from '../report/weighed-text.js';
import { locateMap } from '../session-map/location.js';
import { assess } from '../sessions/assess.js';
import { sharing } from '../sessions/mapped.js';

/**
 * Shows every mapped session with its last activity, or all that was weighed of named chats; changes nothing.
 *
 * @param chats chat ids, whole or their beginning, or `provider/chat`
 * @throws CleanupError when the map or the bridge's memory can't be read, or nothing is known of a chat
 */
export async function list(chats: readonly string[], options: Options): Promise<ExitStatus> {
  const problems = new Problems();
  try {
    const report = await look(chats, options, problems);
    await print(await render(report, options, problems));
  } finally {
    printProblems(problems.all);
  }
  return problems.hasErrors ? EXIT.failed : EXIT.done;
}

async function look(
  chats: readonly string[],
  options: Options,
  problems: Problems,
): Promise<CleanReport> {
  const location = locateMap(options.sessionDir, false, problems);
  const asked = { ...options, missing: 'keep', keepRunning: true } as const;
  const assessment = await assess(asked, location, problems);
  const { decisions, mapped, policy, writtenBack, lastRun, journal } = assessment;
  const sharedWith = sharing(decisions.map(({ mapping }) => mapping));
  const named = chats.length === 0 ? undefined : weighed(chats, assessment, journal);
  const rows = [...(named?.mapped.keys() ?? decisions)].map(
    (decision): Row => ({ decision, action: 'kept', via: null, note: null }),
  );
  const chosen = chosenRows(rows, options).map((row) => ({
    ...row,
    project: projectOf(row),
    sharedWith: sharedWith(row.decision.mapping),
    weighed: named?.mapped.get(row.decision),
  }));
  const back = new Set(writtenBack);
  return {
    command: 'list',
    dryRun: false,
    thresholdHours: options.thresholdHours,
    now: policy.now,
    cutoff: policy.now - options.thresholdMs,
    map: location.named,
    hasMap: mapped.file !== undefined || mapped.memory !== undefined,
    mapped: decisions.length,
    sections: mapped.sections.map(({ provider }) => provider),
    rows: chosen,
    writtenBack: chosen.filter(({ decision }) => back.has(decision)).length,
    withBridge: mapped.memory !== undefined,
    lastRun,
    gone: named?.gone,
  };
}

function projectOf({ decision: { mapping, transcript } }: Row): string | null {
  if (mapping.family === undefined || transcript === null) return null;
  return providerOf(mapping.family).projectOf(transcript);
}

async function render(report: CleanReport, options: Options, problems: Problems): Promise<string> {
  if (options.json) return printableJson(cleanJson(report, problems.all));
  if (options.quiet) return '';
  const map = printable(report.map);
  const style = {
    verbose: options.verbose,
    colors: await colorsFor(options.color),
    columns: terminalWidth(),
  };
  if (report.gone !== undefined) {
    return weighedText(report, style);
  }
  if (!report.hasMap) return `No session map at ${map} yet: nothing mapped\n`;
  if (report.rows.length === 0) {
    const isPart = options.provider !== undefined || options.state !== undefined;
    return isPart
      ? `Nothing mapped in ${map} matches --provider or --state\n`
      : `Nothing mapped in ${map}\n`;
  }
  return listText(report, style);
}
