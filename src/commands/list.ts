import { millisecondsInHour } from 'date-fns/constants';
import type { Options } from '../options/resolve.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import { terminalWidth } from '../output/streams.js';
import { providerOf } from '../providers/index.js';
import type { CleanReport, Row } from '../report/clean-report.js';
import { weighed } from '../report/details.js';
import { cleanJson } from '../report/json.js';
import { chosenOf } from '../report/list-rows.js';
import { listText } from '../report/list-text.js';
import { locateMap } from '../session-map/location.js';
import { assess } from '../sessions/assess.js';
import type { Decision } from '../sessions/decide.js';
import { sharing } from '../sessions/mapped.js';

/**
 * Shows every mapped session with its last activity, or all that was weighed of named chats; changes nothing.
 *
 * @param chats chat ids, whole or their beginning, or `provider/chat`
 * @throws CleanupError when the map or the bridge's memory can't be read, or nothing is known of a chat
 */
export async function list(options: Options, problems: Problems, chats: readonly string[]) {
  const location = locateMap(options.sessionDir, false, problems);
  const asked = { ...options, missing: 'keep', keepRunning: true } as const;
  const assessment = await assess(asked, location, problems);
  const { decisions, mapped, policy, writtenBack, lastRun, journal } = assessment;
  const sharedWith = sharing(decisions.map(({ mapping }) => mapping));
  const named = chats.length === 0 ? undefined : weighed(chats, assessment, journal);
  const rows = chosenOf(named?.mapped.keys() ?? decisions, options).map(
    (decision): Row => ({
      ...{ decision, action: 'kept', via: null, note: null },
      project: projectOf(decision),
      sharedWith: sharedWith(decision.mapping),
      weighed: named?.mapped.get(decision),
    }),
  );
  const back = new Set(writtenBack);
  const report: CleanReport = {
    command: 'list',
    dryRun: false,
    thresholdHours: options.thresholdHours,
    now: policy.now,
    cutoff: policy.now - options.thresholdHours * millisecondsInHour,
    map: location.named,
    hasMap: mapped.file !== undefined || mapped.memory !== undefined,
    mapped: decisions.length,
    sections: mapped.sections.map(({ provider }) => provider),
    rows,
    writtenBack: rows.filter(({ decision }) => back.has(decision)).length,
    withBridge: mapped.memory !== undefined,
    lastRun,
    gone: named?.gone,
  };
  return { json: () => cleanJson(report, problems.all), text: () => textOf(report, options) };
}

function projectOf({ mapping, transcript }: Decision): string | null {
  if (mapping.family === undefined || transcript === null) return null;
  return providerOf(mapping.family).projectOf(transcript);
}

function textOf(report: CleanReport, options: Options): string | Promise<Iterable<string>> {
  if (options.quiet) return '';
  if (report.rows.length > 0 || report.gone !== undefined) {
    return listText(report, { ...options, width: terminalWidth() });
  }
  const map = printable(report.map);
  if (!report.hasMap) return `No session map at ${map} yet: nothing mapped\n`;
  const isPart = options.provider !== undefined || options.state !== undefined;
  return `Nothing mapped in ${map}${isPart ? ' matches --provider or --state' : ''}\n`;
}
