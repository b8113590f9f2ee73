import { closeSync, fstatSync, lstatSync, readFileSync, renameSync, type Stats } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, errorCode, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import type { MapLocation } from '../session-map/location.js';
import type { MapFile } from '../session-map/read.js';
import { openForReading } from '../system/open.js';
import type { Kernel } from './kernel.js';
import { type TempFile, writeTempFile } from './temp-file.js';

// A writer that has found a file under its name opens it within this time.
const GRACE_MS = 20;

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

/** What became of it; the bytes of a map that another program had renamed into place an instant before. */
export type Outcome = 'published' | 'busy' | Buffer;

/** The names were exchanged; what stood there could not be looked at. */
export class UnseenError extends CleanupError {}

/**
 * Gives the temp file the map's name. In-place writers are kept out by read leases on both files: the
 * kernel grants one only while nobody has the file open for writing, and lets later writers wait.
 * A map that was renamed into place is met by the exchange and given its name back.
 *
 * @returns whether it is published; false when another program writes or has changed the map
 */
export async function publish(
  location: MapLocation,
  temp: TempFile,
  current: MapFile,
  kernel: Kernel | undefined,
): Promise<Outcome> {
  let old: number | undefined;
  let ours: number | undefined;
  try {
    old = openForReading(location.path);
    if (kernel === undefined)
      return renameOver(location, temp, old, current) ? 'published' : 'busy';
    ours = openForReading(temp.path);
    if (kernel.takeReadLease(old) === 'refused' || kernel.takeReadLease(ours) === 'refused')
      return 'busy';
    if (!isSame(old, current)) return 'busy';
    kernel.exchange(temp.path, location.path);
    return await settleNames(location, temp, current, old, kernel).catch((error) => {
      throw new UnseenError(
        `${printable(location.path)}: published, but the map before can't be looked at: ${reason(error)}`,
      );
    });
  } catch (error) {
    if (error instanceof UnseenError) throw error;
    if (errorCode(error) === 'ENOENT') return 'busy';
    throw unchanged(location, error);
  } finally {
    if (ours !== undefined) closeSync(ours);
    if (old !== undefined) closeSync(old);
  }
}

async function settleNames(
  { path }: MapLocation,
  temp: TempFile,
  current: MapFile,
  old: number,
  kernel: Kernel,
): Promise<Outcome> {
  let given = temp.inode;
  let wanted = current.stats.ino;
  let met = inodeAt(temp.path);
  let renamed: Buffer | undefined;
  if (met === wanted) {
    await sleep(GRACE_MS);
    if (kernel.isLeaseWhole(old)) return 'published';
    // It waits to write into the map that has lost its name.
    kernel.exchange(temp.path, path);
    [given, wanted] = [wanted, given];
    met = inodeAt(temp.path);
    wanted = temp.inode;
  } else {
    [given, wanted] = [met, temp.inode];
    kernel.exchange(temp.path, path);
    met = inodeAt(temp.path);
    renamed = readFileSync(path);
  }
  // Until what comes out is what was put in: whoever renamed a map over ours meanwhile keeps its name.
  while (met !== wanted) {
    [given, wanted] = [met, given];
    kernel.exchange(temp.path, path);
    met = inodeAt(temp.path);
  }
  return renamed ?? 'busy';
}

function renameOver({ path }: MapLocation, temp: TempFile, old: number, current: MapFile): boolean {
  if (!isSame(old, current)) return false;
  renameSync(temp.path, path);
  return true;
}

function isSame(file: number, { stats, bytes }: MapFile): boolean {
  return fstatSync(file).ino === stats.ino && readFileSync(`/proc/self/fd/${file}`).equals(bytes);
}

function inodeAt(path: string): number {
  return lstatSync(path).ino;
}

function unchanged({ path }: MapLocation, error: unknown): CleanupError {
  return new CleanupError(
    `${printable(path)}: the new map can't be written: ${reason(error)}; the map is unchanged`,
  );
}
