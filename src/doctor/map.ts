import { accessSync, constants } from 'node:fs';
import { lockHolder } from '../commit/lock.js';
import { CleanupError, reason } from '../errors.js';
import { JOURNAL_NAME, Journal } from '../journal/journal.js';
import { type LastRun, readLastRun } from '../journal/last-run.js';
import { counted } from '../output/counted.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { Problems } from '../output/problems.js';
import { foreignGroup, locateMap, type MapLocation } from '../session-map/location.js';
import { type MapSnapshot, readMap } from '../session-map/read.js';
import { nameOf } from '../system/account.js';
import { textOf } from './files.js';

/** The map's file, and what runs have left beside it, as far as it could be looked at. */
export interface MapFindings {
  readonly checks: readonly Finding[];
  readonly snapshot?: MapSnapshot | undefined;
  readonly journal?: Journal | undefined;
  readonly last?: LastRun | undefined;
  /** By the name that the user knows, and the one that holds the map itself. */
  readonly directories: readonly string[];
}

const HOUR_MS = 3600 * 1000;

/**
 * Looks at the map, its directory, the lock and the journal, and reads the last run's record.
 *
 * @param now ms since the epoch
 */
export async function checkMap(sessionDir: string, now: number): Promise<MapFindings> {
  const checks: Finding[] = [];
  const directories = [sessionDir];
  try {
    const problems = new Problems();
    const location = locateMap(sessionDir, false, problems);
    directories.push(location.directory);
    const last = readLastRun(location.directory);
    // Of root at another user's map the line on the user tells.
    const found = problems.all.filter(({ message }) => !message.startsWith('belongs to user'));
    const group = foreignGroup(location);
    checks.push(...found.map(aboutMap));
    if (group !== undefined) checks.push(aboutMap({ ...group, level: 'problem' }));
    checks.push(...checkMount(location));
    const snapshot = await readMap(location.path);
    if (snapshot === undefined) {
      const message = `no ${location.named} yet: nothing to clean`;
      const fix = 'right if the bridge has not mapped a chat yet; otherwise check --session-dir';
      return { checks: [...checks, warning('map', message, fix)], last, directories };
    }
    let journal: Journal | undefined;
    checks.push(
      describeMap(location, snapshot, now),
      ...checkDirectory(location, snapshot.stats.uid),
      attempt('lock', () => checkLock(location)),
      attempt('journal', () => {
        const found = new Journal(location.directory);
        const check = checkJournal(found);
        journal = found;
        return check;
      }),
    );
    return { checks, snapshot, journal, last, directories };
  } catch (error) {
    return { checks: [...checks, failed('map', error)], directories };
  }
}

/** One thing that can't be looked at does not keep the others from being looked at. */
function attempt(subject: string, check: () => Finding): Finding {
  try {
    return check();
  } catch (error) {
    return failed(subject, error);
  }
}

function failed(subject: string, error: unknown): Finding {
  if (!(error instanceof CleanupError)) throw error;
  return problem(subject, error.told, error.fix ?? 'cleaning fails until this is mended');
}

/** On the page a path is a part of the message. */
function aboutMap({ subject, message, ...found }: Finding): Finding {
  return { ...found, subject: 'map', message: `${subject}: ${message}` };
}

/** A file that was mounted into a container is a mount of its own, which nothing can be renamed over. */
function checkMount({ path }: MapLocation): Finding[] {
  const mounts = (textOf('/proc/self/mountinfo') ?? '').split('\n').map((line) =>
    // The fifth field, in which blanks and the like are octal (proc(5)).
    (line.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, code) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    ),
  );
  if (!mounts.includes(path)) return [];
  const message = `${path} is mounted as a file of its own, which can't be replaced: nothing is removed`;
  return [problem('map', message, 'mount its directory instead')];
}

function describeMap({ path }: MapLocation, { map, stats }: MapSnapshot, now: number): Finding {
  const age = ((now - stats.mtimeMs) / HOUR_MS).toFixed(1);
  const shape = map.shape === 'flat' ? 'flat' : 'by provider';
  return ok('map', `${path}, ${shape}, of user ${nameOf(stats.uid)}, last written ${age}h ago`);
}

/** What root can write to says nothing of the map's owner. */
function checkDirectory({ directory }: MapLocation, owner: number): Finding[] {
  const isOurs = owner === process.geteuid?.();
  if (!isOurs && process.geteuid?.() === 0) return [];
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return [ok('directory', `${directory} can be written to`)];
  } catch (error) {
    const message = `${directory} can't be written to by this user: ${reason(error)}`;
    const fix = isOurs ? `chmod u+wx '${directory}'` : `run as the map's owner, ${nameOf(owner)}`;
    return [problem('directory', message, fix)];
  }
}

function checkLock({ directory }: MapLocation): Finding {
  const holder = lockHolder(directory);
  return holder === undefined
    ? ok('lock', 'no run is under way')
    : warning('lock', `a run is under way (${holder})`, 'wait for its end');
}

function checkJournal(journal: Journal): Finding {
  let removed = 0;
  for (const { op } of journal) removed += op === 'remove' ? 1 : 0;
  const { damaged, bytes } = journal;
  const size = `${JOURNAL_NAME}: ${counted(removed, 'removed mapping')}, ${(bytes / 1024).toFixed(1)} KiB`;
  if (damaged === 0) return ok('journal', size);
  const message = `${size}; ${counted(damaged, 'line')} can't be read`;
  return warning('journal', message, 'what stood there can not be restored');
}
