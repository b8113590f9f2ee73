import { Bridge } from '../bridge/client.js';
import { Journal } from '../journal/journal.js';
import { type LastRun, readLastRun } from '../journal/last-run.js';
import { counted } from '../output/counted.js';
import { problem, warning } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import { providerOf, type Roots } from '../providers/index.js';
import type { MapLocation } from '../session-map/location.js';
import { mappingsOf } from '../session-map/parse.js';
import { readMap } from '../session-map/read.js';
import { ownAccount } from '../system/account.js';
import { FoundActivity } from './activity.js';
import { type Decision, decide, type Picture, type Policy, suspiciousPictures } from './decide.js';
import { type Mapped, unite } from './mapped.js';
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
export interface AssessOptions extends Omit<Policy, 'now' | 'missingSince'> {
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
  const file = await readMap(location.path);
  const memory = await bridge?.memory(file?.bytes.length ?? 0);
  const mapped = { file, memory, sections: unite(memory, file?.map) };
  const mappings = mappingsOf(mapped);
  const policy: Policy = {
    now: Date.now(),
    ...options,
    missingSince: (mapping) => waitingSince(lastRun?.missing ?? {}, mapping),
  };
  const activity = new FoundActivity(mappings, options.roots, policy);
  const decisions = decide(mappings, activity, policy);
  reportMap();
  reportUnreadable(decisions, activity, problems);
  for (const { path, reason } of policy.keepRunning ? activity.processObstacles : []) {
    const message = `can't be read: ${reason}; whether sessions run right now is not known, and --keep-running keeps them`;
    problems.add(warning(path, message));
  }
  for (const picture of suspiciousPictures(decisions)) reportPicture(picture);
  const back = writtenBack(journal, decisions);
  journal.reportDamaged(problems);
  if (back.length > 0) problems.add(writtenBackFinding(back, options.bridgeUrl));
  return { bridge, journal, lastRun, mapped, activity, policy, decisions, writtenBack: back };

  function reportMap(): void {
    for (const key of file?.map.oddities ?? []) {
      const message = 'stands beside the sections of the map: left as it is, never cleaned';
      problems.add(warning(`${location.path}: "${key.slice(0, 80)}"`, message));
    }
    for (const { mapping, state } of decisions) {
      // A section of no known CLI is nothing odd: the bridge has such.
      if (state !== 'unrecognized' || mapping.family === undefined) continue;
      const { provider, chat, raw } = mapping;
      const name = `${provider}/${chat.slice(0, 80)}: ${raw.slice(0, 80)}`;
      problems.add(warning(name, 'is no session id that the CLI could have given; kept'));
    }
    if (bridge !== undefined && memory === undefined) {
      problems.warn(`no bridge listens at ${bridge.address}: what the file says counts`);
    }
    if (file === undefined && decisions.length > 0) {
      problems.error(
        `${location.path}: no such file, but the bridge at ${bridge?.address} has mappings; nothing was removed`,
        'is --session-dir the directory of this bridge?',
      );
    }
  }

  function reportPicture({ family, kind, count }: Picture): void {
    const held = decisions.filter(
      ({ mapping, keptBecause }) => mapping.family === family && keptBecause === 'guard',
    ).length;
    // The CLI itself may have deleted them.
    const isOrdinary =
      kind === 'newest' ? family === 'gemini' : count === 1 && activity.transcriptsOf(family) > 0;
    if (isOrdinary && held === 0) return;
    const user = ownAccount()?.name ?? `user ${process.geteuid?.()}`;
    const what =
      kind === 'newest'
        ? `its ${count} newest mapped sessions have no transcript in ${options.roots[family]}, though older ones do: it may write elsewhere by now (another HOME, or this is an old copy of it)`
        : `none of its mapped sessions (${count}) has a transcript in ${options.roots[family]}, looked at as ${user}: it looks like the wrong user or the wrong HOME`;
    const kept = held === 0 ? '' : `. ${counted(held, 'mapping')} of it stayed for that`;
    const finding = held > 0 && !isOrdinary ? problem : warning;
    const fix = "'claude-session-cleanup doctor' tells more";
    problems.add(finding(providerOf(family).label, what + kept, fix));
  }
}

/** Says why sessions could not be looked at. */
export function reportUnreadable(
  decisions: readonly Decision[],
  activity: FoundActivity,
  problems: Problems,
): void {
  const unreadable = decisions.filter(({ state }) => state === 'unreadable');
  const obstacles = unreadable.flatMap(({ mapping }) => activity.obstaclesTo(mapping));
  for (const obstacle of new Set(obstacles)) {
    const message = `${obstacle.message}; the mappings that depend on it were kept`;
    problems.add(problem(obstacle.path, message, obstacle.fix));
  }
}
