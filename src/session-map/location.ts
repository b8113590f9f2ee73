import { lstatSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { CleanupError, explained } from '../errors.js';
import { warning } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import { accountOf, isOwn, nameOf } from '../system/account.js';
import { followLinks } from '../system/follow-links.js';

export const MAP_NAME = 'session_map.json';

/** The map's directory, where all that we write lies. */
export interface MapPlace {
  readonly directory: string;
  /** Which directory that is; undefined when there is none. */
  readonly directoryId: string | undefined;
}

/** Where the map lies, after links of our own were followed. */
export interface MapLocation extends MapPlace {
  /** The path that the user knows. */
  readonly named: string;
  /** The map itself. */
  readonly path: string;
}

const GROUP_WRITABLE = 0o020;
const OTHERS_WRITABLE = 0o002;
const STICKY = 0o1000;

/**
 * Finds the map and makes sure that nobody else can slip us another file: it, the directories above it and
 * the links on the way must belong to us or to root, and nobody else may write in these directories.
 *
 * @param mayWrite whether the run is going to write; one that only looks is warned, not refused, when
 *   root looks at another user's map
 * @returns the location; whether the map exists, and is a file, shows when it is read
 * @throws CleanupError when the place can't be trusted, or is behind a link that leads to nothing
 */
export function locateMap(sessionDir: string, mayWrite: boolean, problems: Problems): MapLocation {
  const named = join(sessionDir, MAP_NAME);
  const refuse = (at: string, stats: Stats): void => {
    const { message, fix } = foreignOwner(stats);
    if (mayWrite || process.geteuid?.() !== 0) throw new CleanupError(`${at}: ${message}`, fix);
    // With one subject, so that it is said once.
    problems.add(warning(named, message, fix));
  };
  // In a user namespace without root (PrivateUsers=) root's directories look like nobody's.
  const root = lstatSync('/').uid;
  const { path, stats, brokenLink } = followLinks(named, (at) => {
    const found = statsOf(at);
    if (found === undefined) return undefined;
    const isDirectory = found.isDirectory();
    if (!isOwn(found) && !(isDirectory && found.uid === root)) refuse(at, found);
    if (isDirectory && found.mode & OTHERS_WRITABLE && !(found.mode & STICKY)) {
      const problem = `${at}: everybody may write here and replace the map`;
      throw new CleanupError(problem, `run: chmod o-w '${at}'`);
    }
    return found;
  });
  if (brokenLink !== undefined) {
    throw new CleanupError(
      `${brokenLink}: this link leads to ${path}, which is not there; nothing was changed`,
      'is its disk mounted?',
    );
  }
  // Of the map's own directory more is asked than of those above it.
  const directory = dirname(path);
  const own = statsOf(directory);
  if (own !== undefined && !isOwn(own)) refuse(directory, own);
  if (own !== undefined && own.mode & GROUP_WRITABLE && !(own.mode & STICKY)) {
    const message = 'its group may write here and replace the map';
    const fix = `if nobody else needs that: chmod g-w '${directory}'`;
    problems.add(warning(directory, message, fix));
  }
  const user = process.geteuid?.() ?? 0;
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])];
  if (user !== 0 && stats?.uid === user && !groups.includes(stats.gid)) {
    const message = `belongs to group ${stats.gid}, which user ${nameOf(user)} is not in and so can't give to a cleaned map`;
    problems.add(warning(path, message, `run: chgrp ${process.getegid?.()} '${path}'`));
  }
  return { named, path, directory, directoryId: idOf(directory) };
}

/** What stands there, a link as a link; undefined for nothing. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const fix = 'is --session-dir right, and is this the user that the bridge runs as?';
    throw explained(error, path, `nothing was changed; ${fix}`);
  }
}

/** Root would look for transcripts in its own home, and leave files that the bridge can't write. */
function foreignOwner(stats: Stats): { readonly message: string; readonly fix: string } {
  const user = process.geteuid?.() ?? 0;
  if (user === 0) {
    const name = accountOf(stats.uid)?.name;
    return {
      message: `belongs to user ${name ?? stats.uid}, and this run is root's`,
      fix: `run as that user: sudo -u ${name ?? `'#${stats.uid}'`} -H claude-session-cleanup`,
    };
  }
  const what = stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'directory' : 'file';
  return {
    message: `this ${what} belongs to user ${nameOf(stats.uid)}, not to you (user ${nameOf(user)}) or root`,
    fix: 'run as the user that the bridge runs as',
  };
}

/**
 * To be asked before each write: our own user may swap a directory above the map's during a run.
 *
 * @throws CleanupError when another directory stands there by now
 */
export function mustBeInPlace({ directory, directoryId }: MapPlace): void {
  if (idOf(directory) === directoryId) return;
  throw new CleanupError(
    `${directory}: another directory stands here than when the run began; nothing more is changed`,
  );
}

function idOf(directory: string): string | undefined {
  const stats = lstatSync(directory, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
