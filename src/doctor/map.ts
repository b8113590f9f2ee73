import { accessSync, constants } from 'node:fs';
import { CleanupError, reason } from '../errors.js';
import { type LastRun, readLastRun } from '../journal/last-run.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { Problems } from '../output/problems.js';
import { timeAgo } from '../output/time.js';
import { locateMap, type MapLocation } from '../session-map/location.js';
import { type MapSnapshot, readMap } from '../session-map/read.js';
import { nameOf } from '../system/account.js';
import { doctorCommand } from './job.js';

/** The map's file, and the record of the last run, as far as they could be looked at. */
export interface MapFindings {
  readonly checks: readonly Finding[];
  readonly location?: MapLocation;
  readonly snapshot?: MapSnapshot | undefined;
  readonly last?: LastRun | undefined;
}

/**
 * Looks at the map and its directory, and reads the last run's record.
 *
 * @param now ms since the epoch
 */
export async function checkMap(sessionDir: string, now: number): Promise<MapFindings> {
  const problems = new Problems();
  try {
    // As strictly as a run that writes; but root is told how to look as the map's owner.
    const isRoot = process.geteuid?.() === 0;
    const location = locateMap(sessionDir, !isRoot, problems);
    const last = readLastRun(location.directory);
    const snapshot = await readMap(location.path);
    const owner = snapshot?.stats.uid ?? 0;
    if (isRoot && owner !== 0) return { checks: [lookAs(nameOf(owner), sessionDir)] };
    const fix = 'right if the bridge has not mapped a chat yet; otherwise check --session-dir';
    const checks =
      snapshot === undefined
        ? [warning('map', `no ${location.named} yet: nothing to clean`, fix)]
        : [describe(location, snapshot, now), checkDirectory(location, snapshot)];
    return { checks: [...told(problems), ...checks], location, snapshot, last };
  } catch (error) {
    return { checks: [...told(problems), failed('map', error)] };
  }
}

function lookAs(owner: string, sessionDir: string): Finding {
  const message = `belongs to user ${owner}: root has another home, and can't tell how its runs do`;
  return warning('map', message, `to look as ${owner} does: ${doctorCommand(owner, sessionDir)}`);
}

/** That something keeps a part of the page from being looked at. */
export function failed(subject: string, error: unknown): Finding {
  if (!(error instanceof CleanupError)) throw error;
  return problem(subject, error.told, error.fix ?? 'cleaning fails until this is mended');
}

/** On the page a path is a part of the message. */
function told({ all }: Problems): Finding[] {
  return all.map(({ subject, message, ...found }) => {
    return { ...found, subject: 'map', message: `${subject}: ${message}` };
  });
}

function describe({ path }: MapLocation, { map, stats }: MapSnapshot, now: number): Finding {
  const shape = map.shape === 'flat' ? 'flat' : 'by provider';
  const written = `last written ${timeAgo(stats.mtimeMs, now)}`;
  return ok('map', `${path}, ${shape}, of user ${nameOf(stats.uid)}, ${written}`);
}

function checkDirectory({ directory }: MapLocation, { stats: { uid } }: MapSnapshot): Finding {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return ok('directory', `${directory} can be written to`);
  } catch (error) {
    const message = `${directory} can't be written to by this user: ${reason(error)}`;
    const isOurs = uid === process.geteuid?.();
    const fix = isOurs ? `chmod u+wx '${directory}'` : `run as the map's owner, ${nameOf(uid)}`;
    return problem('directory', message, fix);
  }
}
