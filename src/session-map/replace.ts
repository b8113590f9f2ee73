import { closeSync, fstatSync, linkSync, renameSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { CleanupError, errorCode, reason } from '../errors.js';
import { openForReading } from '../files/open.js';
import { unlinkQuietly } from '../files/unlink.js';
import { printable } from '../printable.js';
import type { Kernel } from './kernel.js';
import type { MapLocation } from './location.js';
import { type MapFile, readOnce } from './read.js';
import { OLD_ENDING, type TempFile, writeTempFile } from './temp-file.js';

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

/** The map that has lost its name to another one: it has a name of its own, a descriptor, or both. */
export type Replaced = (
  | { readonly old: string; readonly file: undefined }
  | { readonly old: string | undefined; readonly file: number }
) & {
  /** It is ours: the map that stood there was not the one compared, which was this, and is back. */
  readonly takenBackFor: Buffer | undefined;
};

/**
 * Gives the temp file the map's name, by an exchange of names where that is to be had. An exchange that
 * meets another map than the one compared is taken back in the same instant: nobody is to go on from a
 * map that lacks what another program has just written.
 *
 * @param last the map when it was compared the last time
 * @returns undefined when another program has taken the map away meanwhile
 * @throws CleanupError when it can't be done; the map is unchanged
 */
export function replace(
  location: MapLocation,
  temp: TempFile,
  last: MapFile,
  kernel: Kernel | undefined,
): Replaced | undefined {
  try {
    if (!kernel?.exchange(temp.path, location.path)) return renameOver(location, temp, last.stats);
  } catch (error) {
    // The kernel says so, too, of a map that loses its name while it is given a second one.
    if (errorCode(error) === 'ENOENT') return undefined;
    throw unchanged(location, error);
  }
  const met = contentOf(temp.path);
  const isOther = met !== undefined && !met.equals(last.bytes);
  const isTakenBack = isOther && exchangeAgain(location, temp, kernel);
  return { old: temp.path, file: undefined, takenBackFor: isTakenBack ? met : undefined };
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
      const replaced = { old, file, takenBackFor: undefined };
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
