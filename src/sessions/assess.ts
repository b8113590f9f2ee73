import { Bridge } from '../bridge/client.js';
import { JOURNAL_NAME, Journal } from '../journal/journal.js';
import { type LastRun, readLastRun } from '../journal/last-run.js';
import { counted } from '../output/counted.js';
import { problem, warning } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import type { Roots } from '../providers/index.js';
import { inWords, type Obstacle } from '../providers/obstacle.js';
import type { MapLocation } from '../session-map/location.js';
import { FoundActivity } from './activity.js';
import { type Decision, decide, type Policy } from './decide.js';
import { type Mapped, readMapped } from './mapped.js';
import { pictureFinding, suspiciousPictures } from './pictures.js';
import { waitingSince } from './waiting.js';
import { writtenBack, writtenBackFinding } from './written-back.js';

/** What a run found and what it decided. */
export interface Assessment {
  /** Undefined when its address was not given. */
  readonly bridge: Bridge | undefined;
  readonly journal: Journal;
  readonly lastRun: LastRun | undefined;
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
 * @throws CleanupError when the map or the bridge's memory can't be read
 */
export async function assess(
  options: AssessOptions,
  location: MapLocation,
  problems: Problems,
): Promise<Assessment> {
  const bridge = options.bridgeUrl && new Bridge(options.bridgeUrl);
  const journal = new Journal(location.directory);
  const lastRun = readLastRun(location.directory);
  const mapped = await readMapped(location.path, bridge);
  reportMap(mapped, location, bridge, problems);
  const mappings = mapped.sections.flatMap((section) => section.mappings);
  const policy: Policy = {
    now: Date.now(),
    thresholdMsOf: options.thresholdMsOf,
    isKept: options.isKept,
    missing: options.missing,
    missingSince: (mapping) => waitingSince(lastRun?.missing ?? {}, mapping),
    keepRunning: options.keepRunning,
  };
  const activity = new FoundActivity(mappings, options.roots, policy);
  const decisions = decide(mappings, activity, policy);
  for (const decision of decisions) reportOddMapping(decision, problems);
  reportUnreadable(decisions, activity, problems);
  for (const { path, reason } of policy.keepRunning ? activity.processObstacles : []) {
    const message = `can't be read: ${reason}; whether sessions run right now is not known, and --keep-running keeps them`;
    problems.add(warning(path, message));
  }
  for (const picture of suspiciousPictures(decisions)) {
    const { family } = picture;
    const transcripts = activity.transcriptsOf(family);
    const finding = pictureFinding(picture, decisions, options.roots[family], transcripts);
    if (finding !== undefined) problems.add(finding);
  }
  const back = writtenBack(journal, decisions);
  if (journal.damaged > 0) {
    const lines = counted(journal.damaged, 'unreadable line');
    problems.warn(`${JOURNAL_NAME}: skipped ${lines}; what stood there can't be restored`);
  }
  if (back.length > 0) problems.add(writtenBackFinding(back, options.bridgeUrl));
  return { bridge, journal, lastRun, mapped, activity, policy, decisions, writtenBack: back };
}

function reportMap(
  { file, memory }: Mapped,
  location: MapLocation,
  bridge: Bridge | undefined,
  problems: Problems,
): void {
  for (const key of file?.map.oddities ?? []) {
    const message = 'stands beside the sections of the map: left as it is, never cleaned';
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

function reportOddMapping({ mapping, state }: Decision, problems: Problems): void {
  const { provider, family, chat, session } = mapping;
  // A section of no known CLI is nothing odd: the bridge has such.
  if (state !== 'unrecognized' || family === undefined) return;
  const name = `${provider}/${chat.slice(0, 80)}`;
  problems.add(
    session === null
      ? warning(name, 'its value has no session id in a form that is known; kept')
      : warning(
          `${name}: '${session.slice(0, 80)}'`,
          'is no session id that the CLI could have given; kept',
        ),
  );
}

/** Says why sessions could not be looked at. */
export function reportUnreadable(
  decisions: readonly Decision[],
  activity: FoundActivity,
  problems: Problems,
): void {
  const obstacles = new Set<Obstacle>();
  for (const { mapping, state } of decisions) {
    if (state !== 'unreadable') continue;
    for (const obstacle of activity.obstaclesTo(mapping)) obstacles.add(obstacle);
  }
  for (const obstacle of obstacles) {
    const message = `${inWords(obstacle)}; the mappings that depend on it were kept`;
    problems.add(problem(obstacle.path, message, obstacle.fix));
  }
}
