import type { Bridge } from '../bridge/client.js';
import { JOURNAL_NAME, type Journal } from '../journal/journal.js';
import { counted } from '../output/counted.js';
import { type Finding, warning } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import type { Roots } from '../providers/index.js';
import type { MapLocation } from '../session-map/location.js';
import type { Mapping } from '../session-map/parse.js';
import { type FoundActivity, findActivity } from './activity.js';
import { type Decision, decide, type Policy } from './decide.js';
import { type Mapped, readMapped } from './mapped.js';
import { pictureFinding, suspiciousPictures } from './pictures.js';
import { type WaitingList, waitingSince } from './waiting.js';
import { writtenBack, writtenBackFinding } from './written-back.js';

/** What a run found and what it decided. */
export interface Assessment {
  readonly mapped: Mapped;
  readonly activity: FoundActivity;
  readonly policy: Policy;
  /** One for each mapping, in the order of the map. */
  readonly decisions: readonly Decision[];
  /** The mappings of earlier runs that the bridge has written back. */
  readonly writtenBack: readonly Decision[];
}

/** What looking and deciding depends on. */
export interface AssessOptions
  extends Pick<Policy, 'thresholdMsOf' | 'isKept' | 'missing' | 'keepRunning'> {
  readonly roots: Roots;
  readonly bridgeUrl: URL | undefined;
}

/**
 * Reads what is mapped, looks at the transcripts and decides. Writes nothing.
 *
 * @param waiting since when mappings have no transcript, as the last run left it
 * @param checkRunning whether to look for the sessions' processes even when nothing depends on it
 * @throws CleanupError when the map or the bridge's memory can't be read
 */
export async function assess(
  options: AssessOptions,
  location: MapLocation,
  bridge: Bridge | undefined,
  journal: Journal,
  waiting: WaitingList,
  checkRunning: boolean,
  problems: Problems,
  keepTimes = false,
): Promise<Assessment> {
  const mapped = await readMapped(location.path, bridge);
  reportMap(mapped, location, bridge, problems);
  const mappings = mapped.sections.flatMap((section) => section.mappings);
  const { roots, keepRunning, missing } = options;
  const policy: Policy = {
    now: Date.now(),
    thresholdMsOf: options.thresholdMsOf,
    isKept: options.isKept,
    missing,
    missingSince: (mapping) => waitingSince(waiting, mapping),
    keepRunning,
  };
  const activity = findActivity(mappings, roots, {
    checkRunning: keepRunning || checkRunning,
    activeSince: activeSince(mappings, policy),
    keepTimes,
  });
  const decisions = decide(mappings, activity, policy);
  reportOddMappings(decisions, problems);
  reportUnreadable(decisions, activity, problems);
  activity.reportRunningDoubts(problems);
  for (const picture of suspiciousPictures(decisions)) {
    const { transcripts } = activity.pictureOf(picture.family);
    const finding = pictureFinding(picture, decisions, transcripts, roots);
    if (finding !== undefined) problems.add(finding);
  }
  const back = writtenBack(journal, decisions);
  reportJournal(journal, problems);
  if (back.length > 0) problems.add(writtenBackFinding(back, options.bridgeUrl, mapped.memory));
  return { mapped, activity, policy, decisions, writtenBack: back };
}

/** What happened before then makes no session active, ms since the epoch. */
export function activeSince(
  mappings: readonly Mapping[],
  { now, thresholdMsOf }: Pick<Policy, 'now' | 'thresholdMsOf'>,
): number {
  return mappings.reduce((since, one) => Math.min(since, now - thresholdMsOf(one)), now);
}

function reportMap(
  { file, memory }: Mapped,
  location: MapLocation,
  bridge: Bridge | undefined,
  problems: Problems,
): void {
  for (const { key, message } of file?.map.oddities ?? []) {
    problems.add(warning(`${location.path}: "${key.slice(0, 80)}"`, message));
  }
  if (bridge !== undefined && memory === undefined) {
    problems.warn(`no bridge listens at ${bridge.address}: what the file says counts`);
  }
  if (file === undefined && memory?.sections.some(({ mappings }) => mappings.length > 0)) {
    problems.error(
      `${location.path}: no such file, but the bridge at ${bridge?.address} has mappings; nothing was removed`,
      'is --session-dir the directory of this bridge?',
    );
  }
}

function reportJournal({ damaged }: Journal, problems: Problems): void {
  if (damaged === 0) return;
  problems.warn(
    `${JOURNAL_NAME}: skipped ${counted(damaged, 'unreadable line')}; what stood there can't be restored`,
  );
}

function reportOddMappings(decisions: readonly Decision[], problems: Problems): void {
  for (const { mapping, state } of decisions) {
    // A section of no known CLI is nothing odd: the bridge has such.
    if (state === 'unrecognized' && mapping.family !== undefined) {
      problems.add(oddMapping(mapping));
    }
  }
}

/** Says why sessions could not be looked at. */
export function reportUnreadable(
  decisions: readonly Decision[],
  activity: FoundActivity,
  problems: Problems,
): void {
  for (const { mapping, state } of decisions) {
    const { family, session } = mapping;
    if (state !== 'unreadable' || family === undefined || session === null) continue;
    activity.reportObstacles(family, session, problems);
  }
}

function oddMapping({ provider, chat, session }: Decision['mapping']): Finding {
  const name = `${provider}/${chat.slice(0, 80)}`;
  return session === null
    ? warning(name, 'its value has no session id in a form that is known; kept')
    : warning(
        `${name}: '${session.slice(0, 80)}'`,
        'is no session id that the CLI could have given; kept',
      );
}
