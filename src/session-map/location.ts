import { lstatSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CleanupError, errorCode, reason } from '../errors.js';
import { type Finding, findingLine, warning } from '../output/finding.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import { accountOf, nameOf } from '../system/account.js';
import { followLinks } from '../system/follow-links.js';

export const MAP_NAME = 'session_map.json';

/** Where the map lies, after links of our own were followed. */
export interface MapLocation {
  /** The path that the user knows. */
  readonly named: string;
  /** The map itself. */
  readonly path: string;
  /** The directory that holds the map itself, and all that we write. */
  readonly directory: string;
}

const GROUP_WRITABLE = 0o020;
const OTHERS_WRITABLE = 0o002;
const STICKY = 0o1000;

/**
 * Finds the map and makes sure that nobody else can slip us another file: links, directories and
 * files must belong to us or to root.
 *
 * @param mayWrite whether the run is going to write; one that only looks is warned, not refused, when
 *   root looks at another user's map
 * @returns the location; whether the map exists shows when it is read
 * @throws CleanupError when the place can't be trusted
 */
export function locateMap(sessionDir: string, mayWrite: boolean, problems: Problems): MapLocation {
  const trust = new Trust(mayWrite, problems);
  const named = join(sessionDir, MAP_NAME);
  let directory = trust.followLinks(sessionDir).path;
  const directoryStats = trust.check(directory);
  if (directoryStats === undefined) return { named, path: named, directory };
  if (!directoryStats.isDirectory()) {
    throw new CleanupError(
      `${printable(sessionDir)}: not a directory; --session-dir takes the directory that holds ${MAP_NAME}`,
    );
  }
  const map = trust.followLinks(join(directory, MAP_NAME));
  if (map.followed) {
    directory = dirname(map.path);
    const target = trust.check(directory);
    if (target !== undefined) trust.checkDirectory(directory, target);
  } else {
    trust.checkDirectory(directory, directoryStats);
  }
  const file = trust.check(map.path);
  if (file !== undefined && !file.isFile()) {
    const kind = file.isDirectory() ? 'a directory' : 'not a regular file';
    throw new CleanupError(
      `${printable(map.path)}: is ${kind} where the session map should be; left untouched. Is --session-dir right?`,
    );
  }
  return { named, path: join(directory, basename(map.path)), directory };
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
  readonly #mayWrite: boolean;
  readonly #problems: Problems;
  #rootSaid = false;

  constructor(mayWrite: boolean, problems: Problems) {
    this.#mayWrite = mayWrite;
    this.#problems = problems;
  }

  /** Where a path leads when it is a chain of links that may be trusted. */
  followLinks(start: string): { readonly path: string; readonly followed: boolean } {
    try {
      return followLinks(start, (path) => this.check(path));
    } catch (error) {
      if (error instanceof CleanupError) throw error;
      throw new CleanupError(`${printable(start)}: ${reason(error)}; left untouched`);
    }
  }

  /** The stats of what stands there, which must be ours or root's; undefined for nothing. */
  check(path: string): Stats | undefined {
    let stats: Stats | undefined;
    try {
      stats = lstatSync(path, { throwIfNoEntry: false });
    } catch (error) {
      if (errorCode(error) === 'ENOTDIR') return undefined;
      throw new CleanupError(
        `${printable(path)}: can't be looked at: ${reason(error)}; nothing was changed. ` +
          'Run as the user that the bridge runs as, or let this one in',
      );
    }
    if (stats !== undefined) this.#checkOwner(path, stats);
    return stats;
  }

  checkDirectory(path: string, { mode }: Stats): void {
    if (mode & OTHERS_WRITABLE && !(mode & STICKY)) {
      throw new CleanupError(
        `${printable(path)}: everybody may write here and replace the map; run: chmod o-w '${printable(path)}'`,
      );
    }
    if (mode & GROUP_WRITABLE && !(mode & STICKY)) {
      const message = 'its group may write here and replace the map';
      const fix = `if nobody else needs that: chmod g-w '${path}'`;
      this.#problems.add(warning(path, message, fix));
    }
  }

  #checkOwner(path: string, stats: Stats): void {
    if (stats.uid === this.#user || stats.uid === 0) return;
    const what = stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'directory' : 'file';
    if (this.#user === 0) {
      this.#aboutRoot(path, stats.uid);
    } else {
      throw new CleanupError(
        `${printable(path)}: this ${what} belongs to user ${nameOf(stats.uid)}, not to you (user ${nameOf(this.#user)}) or root; ` +
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
    if (this.#mayWrite) throw new CleanupError(findingLine(finding));
    if (!this.#rootSaid) this.#problems.add(finding);
    this.#rootSaid = true;
  }
}
