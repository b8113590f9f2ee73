import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CleanupError, errorCode, reason } from '../errors.js';
import { type Finding, warning } from '../output/finding.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import { accountOf, nameOf } from '../system/account.js';
import { type Followed, followLinks } from '../system/follow-links.js';

export const MAP_NAME = 'session_map.json';

/** Where the map lies, after links of our own were followed. */
export interface MapLocation {
  /** The path that the user knows. */
  readonly named: string;
  /** The map itself. */
  readonly path: string;
  /** The directory that holds the map itself, and all that we write. */
  readonly directory: string;
  /** Which directory that is; undefined when there is none. */
  readonly directoryId: string | undefined;
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
 * @returns the location; whether the map exists shows when it is read
 * @throws CleanupError when the place can't be trusted, or is behind a link that leads to nothing
 */
export function locateMap(sessionDir: string, mayWrite: boolean, problems: Problems): MapLocation {
  const trust = new Trust(mayWrite, problems);
  const named = join(sessionDir, MAP_NAME);
  const place = trust.follow(sessionDir);
  if (place.stats !== undefined && !place.stats.isDirectory()) {
    throw new CleanupError(
      `${printable(sessionDir)}: not a directory`,
      `--session-dir takes the directory that holds ${MAP_NAME}`,
    );
  }
  const { path, stats } = trust.follow(join(place.path, MAP_NAME));
  if (stats !== undefined && !stats.isFile()) {
    const kind = stats.isDirectory() ? 'a directory' : 'not a regular file';
    throw new CleanupError(
      `${printable(path)}: is ${kind} where the session map should be; left untouched`,
      'is --session-dir right?',
    );
  }
  const directory = dirname(path);
  trust.checkOwn(directory);
  return { named, path, directory, directoryId: idOf(directory) };
}

/**
 * To be asked before each write: our own user may swap a directory above the map's during a run.
 *
 * @throws CleanupError when another directory stands there by now
 */
export function mustBeInPlace({ directory, directoryId }: MapPlace): void {
  if (idOf(directory) === directoryId) return;
  throw new CleanupError(
    `${printable(directory)}: another directory stands here than when the run began; nothing more is changed`,
  );
}

/** The map's directory, where all that we write lies. */
export type MapPlace = Pick<MapLocation, 'directory' | 'directoryId'>;

function idOf(directory: string): string | undefined {
  const stats = lstatSync(directory, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

/**
 * What is wrong with the map's group, if anything: a new map must get it, which only who is in it can do.
 *
 * @returns what it is, and what to do about it
 */
export function foreignGroup({ path }: Pick<MapLocation, 'path'>): Finding | undefined {
  const file = statSync(path, { throwIfNoEntry: false });
  const user = process.geteuid?.() ?? 0;
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])];
  if (file === undefined || user === 0 || file.uid !== user || groups.includes(file.gid)) {
    return undefined;
  }
  return warning(
    path,
    `belongs to group ${file.gid}, which user ${nameOf(file.uid)} is not in and so can't give to a cleaned map`,
    `run: chgrp ${process.getegid?.()} '${path}'`,
  );
}

class Trust {
  readonly #user = process.geteuid?.() ?? 0;
  // In a user namespace without root (PrivateUsers=) root's directories look like nobody's.
  readonly #root = lstatSync('/').uid;
  readonly #mayWrite: boolean;
  readonly #problems: Problems;
  #rootSaid = false;

  constructor(mayWrite: boolean, problems: Problems) {
    this.#mayWrite = mayWrite;
    this.#problems = problems;
  }

  /** Where a path leads, all the way through what may be trusted. */
  follow(start: string): Followed {
    try {
      const followed = followLinks(start, (path) => this.#check(path));
      if (followed.brokenLink === undefined) return followed;
      throw new CleanupError(
        `${printable(followed.brokenLink)}: this link leads to ${printable(followed.path)}, which is not there; nothing was changed`,
        'is its disk mounted?',
      );
    } catch (error) {
      if (error instanceof CleanupError) throw error;
      throw new CleanupError(`${printable(start)}: ${reason(error)}; left untouched`);
    }
  }

  /** Of the map's own directory more is asked than of those above it. */
  checkOwn(directory: string): void {
    const stats = lstatSync(directory, { throwIfNoEntry: false });
    if (stats === undefined) return;
    this.#checkOwner(directory, stats, 0);
    if (!(stats.mode & GROUP_WRITABLE) || stats.mode & STICKY) return;
    const message = 'its group may write here and replace the map';
    const fix = `if nobody else needs that: chmod g-w '${directory}'`;
    this.#problems.add(warning(directory, message, fix));
  }

  /** The stats of what stands there, which must be ours or root's; undefined for nothing. */
  #check(path: string): Stats | undefined {
    let stats: Stats | undefined;
    try {
      stats = lstatSync(path, { throwIfNoEntry: false });
    } catch (error) {
      if (errorCode(error) === 'ENOTDIR') return undefined;
      throw new CleanupError(
        `${printable(path)}: can't be looked at: ${reason(error)}; nothing was changed`,
        'run as the user that the bridge runs as, or let this one in',
      );
    }
    if (stats === undefined) return undefined;
    this.#checkOwner(path, stats, stats.isDirectory() ? this.#root : 0);
    if (stats.isDirectory() && stats.mode & OTHERS_WRITABLE && !(stats.mode & STICKY)) {
      throw new CleanupError(
        `${printable(path)}: everybody may write here and replace the map`,
        `run: chmod o-w '${printable(path)}'`,
      );
    }
    return stats;
  }

  #checkOwner(path: string, stats: Stats, root: number): void {
    if ([this.#user, 0, root].includes(stats.uid)) return;
    const what = stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'directory' : 'file';
    if (this.#user === 0) {
      this.#aboutRoot(path, stats.uid);
    } else {
      throw new CleanupError(
        `${printable(path)}: this ${what} belongs to user ${nameOf(stats.uid)}, not to you (user ${nameOf(this.#user)}) or root`,
        'run as the user that the bridge runs as',
      );
    }
  }

  /** Root would look for transcripts in its own home, and leave files that the bridge can't write. */
  #aboutRoot(path: string, owner: number): void {
    const name = accountOf(owner)?.name;
    const message = `belongs to user ${name ?? owner}, and this run is root's`;
    const fix = `run as that user: sudo -u ${name ?? `'#${owner}'`} -H claude-session-cleanup`;
    const finding = warning(path, message, fix);
    if (this.#mayWrite) throw new CleanupError(`${printable(path)}: ${message}`, fix);
    if (!this.#rootSaid) this.#problems.add(finding);
    this.#rootSaid = true;
  }
}
