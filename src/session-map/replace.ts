import { closeSync, fstatSync, linkSync, renameSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { CleanupError, errorCode, reason } from '../errors.js';
import { printable } from '../printable.js';
import type { Kernel } from './kernel.js';
import type { MapLocation } from './location.js';
import { openForReading } from './open.js';
import { type MapFile, readOnce } from './read.js';
import { sessionMapIn } from './session-map.js';
import { OLD_ENDING, type TempFile, writeTempFile } from './temp-file.js';
import { unlinkQuietly } from './unlink.js';

/**
 * Writes a new map beside the old one, with all that it has of the old one's but the content.
 *
 * @throws CleanupError when it can't be written; the map is unchanged
 */
export function writeBeside(
  location: MapLocation,
  bytes: Buffer,
  like: Stats,
  kernel: Kernel | undefined,
): TempFile {
  try {
    return writeTempFile(location.directory, bytes, like, (to) =>
      kernel?.copyAccessList(location.path, to),
    );
  } catch (error) {
    throw unchanged(location, error);
  }
}

/** The old map after another one has its name: it has a name of its own, a descriptor, or both. */
export type Replaced =
  | { readonly old: string; readonly file: undefined }
  | { readonly old: string | undefined; readonly file: number };

/**
 * Gives the temp file the map's name, by an exchange of names where that is to be had.
 *
 * @param next what the temp file holds
 * @param last the map when it was compared the last time
 * @returns undefined when another program has changed the map, or taken it away, meanwhile
 * @throws CleanupError when it can't be done; the map is unchanged
 */
export function replace(
  location: MapLocation,
  temp: TempFile,
  next: Buffer,
  last: MapFile,
  kernel: Kernel | undefined,
): Replaced | undefined {
  try {
    if (kernel?.exchange(temp.path, location.path)) {
      const isTakenBack = takeBack(location, temp, next, last.bytes, kernel);
      return isTakenBack ? undefined : { old: temp.path, file: undefined };
    }
    return renameOver(location, temp, last.stats);
  } catch (error) {
    // The kernel says so, too, of a map that loses its name while it is given a second one.
    if (errorCode(error) === 'ENOENT') return undefined;
    throw unchanged(location, error);
  }
}

/**
 * Takes an exchange back that has met another map than the one compared, in the same instant: nobody is
 * to read ours, which lacks what the other one has, and go on from it.
 *
 * @returns false when ours stays
 */
function takeBack(
  location: MapLocation,
  temp: TempFile,
  next: Buffer,
  compared: Buffer,
  kernel: Kernel,
): boolean {
  const met = contentOf(temp.path);
  // What is no whole map is being written at this moment: it is waited for.
  if (met === undefined || met.equals(compared) || sessionMapIn(met) === undefined) return false;
  if (!exchangeAgain(location, temp, kernel)) return false;
  if (contentOf(temp.path)?.equals(next)) return true;
  // Somebody has gone on from ours already: that map is the newest.
  exchangeAgain(location, temp, kernel);
  return false;
}

function exchangeAgain({ path }: MapLocation, temp: TempFile, kernel: Kernel): boolean {
  try {
    return kernel.exchange(temp.path, path);
  } catch {
    return false;
  }
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readOnce(path)?.bytes;
  } catch {
    return undefined;
  }
}

function renameOver(
  { path, directory }: MapLocation,
  temp: TempFile,
  current: Stats,
): Replaced | undefined {
  const second = join(directory, temp.name + OLD_ENDING);
  const old = keepUnderName(path, second) ? second : undefined;
  let file: number | undefined;
  try {
    file = openForReading(old ?? path);
    if (fstatSync(file).ino === current.ino) {
      renameSync(temp.path, path);
      const replaced = { old, file };
      file = undefined;
      return replaced;
    }
    if (old !== undefined) unlinkQuietly(old);
    return undefined;
  } catch (error) {
    if (old !== undefined) unlinkQuietly(old);
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

// File systems without hard links, and the kernel's rule against links to other users' files.
const NO_LINKS = ['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK'];

function keepUnderName(path: string, name: string): boolean {
  try {
    linkSync(path, name);
    return true;
  } catch (error) {
    if (NO_LINKS.includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}

function unchanged({ path }: MapLocation, error: unknown): CleanupError {
  return new CleanupError(
    `${printable(path)}: the new map can't be written: ${reason(error)}; the map is unchanged`,
  );
}
