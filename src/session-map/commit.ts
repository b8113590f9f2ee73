import { linkSync, renameSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { CleanupError, errorCode, explained, reason } from '../errors.js';
import { printable } from '../printable.js';
import { syncDirectory } from './durable.js';
import { sha256 } from './journal.js';
import { type Kernel, loadKernel } from './kernel.js';
import type { MapLocation } from './location.js';
import { merge, type Pending } from './merge.js';
import { readMap, readOnce } from './read.js';
import { encodeSessionMap, parseSessionMap, type SessionMap } from './session-map.js';
import { settledBytes } from './settle.js';
import { OLD_ENDING, type TempFile, unlinkQuietly, writeTempFile } from './temp-file.js';

/** A map about to take the place of another one. */
export interface Publication {
  readonly temp: string;
  readonly inode: number;
  readonly from: string;
  readonly to: string;
}

/** What a commit is to do; asked anew whenever the map has changed meanwhile. */
export interface Revision {
  /** The new text of the map, worked out from what stands in it; its own text to leave it alone. */
  revise(map: SessionMap): string;
  /** Writes the journal. The map is not touched when this throws. */
  announce(publication: Publication): void;
  /** Whether the new text is still right, asked in the last instant before it is published. */
  holds(): boolean;
}

/** How a commit went. */
export interface Committed {
  /** The map that stands in the file now, as far as we know; undefined when the file is gone. */
  readonly map: SessionMap | undefined;
  /** How often another process changed the map between our reading and our publishing. */
  readonly collisions: number;
  /** A writer died in the middle of writing a map that we had swapped out. */
  readonly brokenWriter: boolean;
}

// With hundreds of foreign writes a second a handful of rounds is enough.
const PATIENCE_MS = 20_000;

/**
 * Publishes a changed map in one step, so that the file is at every instant the old one or the new
 * one, and takes in whatever other processes write meanwhile.
 *
 * @param pending a change found in a file that a killed run had swapped out
 * @throws CleanupError when it could not be done; the map is whole, and a change that was not taken in
 *   lies in a file that the next run finds
 */
export async function commit(
  location: MapLocation,
  revision: Revision,
  pending?: Pending,
): Promise<Committed> {
  try {
    return await publish(location, revision, pending);
  } catch (error) {
    throw explained(error, printable(location.path), 'the map is whole, the next run goes on');
  }
}

async function publish(
  location: MapLocation,
  revision: Revision,
  pending: Pending | undefined,
): Promise<Committed> {
  let kernel: Kernel | undefined;
  let unmerged = pending;
  let collisions = 0;
  // Swapped-out files whose changes are not in the map yet.
  let leftovers: string[] = [];
  const deadline = performance.now() + PATIENCE_MS;

  while (performance.now() < deadline) {
    const current = await readMap(location.path);
    if (current === undefined) return { map: undefined, collisions, brokenWriter: false };
    const truth =
      unmerged === undefined ? current.map : takeIn(unmerged, current.bytes, current.map);
    const text = revision.revise(truth);
    const next = encodeSessionMap(text, truth.hasByteOrderMark);
    if (next.equals(current.bytes)) {
      discard(leftovers);
      return { map: current.map, collisions, brokenWriter: false };
    }

    const temp = writeBeside(location, next, current.stats);
    let replaced: Replaced | undefined;
    try {
      revision.announce({
        temp: temp.name,
        inode: temp.inode,
        from: sha256(current.bytes),
        to: sha256(next),
      });
      kernel ??= loadKernel();
      if (!revision.holds()) continue;
      const last = readOnce(location.path);
      if (last?.bytes.equals(current.bytes) && last.stats.ino === current.stats.ino) {
        replaced = replace(location, temp, kernel);
      }
    } finally {
      if (replaced === undefined) unlinkQuietly(temp.path);
    }
    if (replaced === undefined) {
      collisions += 1;
      continue;
    }
    // What was pending is in the map that has just been published.
    discard(leftovers);
    leftovers = replaced.old === undefined ? [] : [replaced.old];

    const old =
      replaced.old === undefined ? current.bytes : await settledBytes(replaced.old, kernel);
    const theirs = old && parseWhole(old);
    if (theirs === undefined || old?.equals(current.bytes)) {
      discard(leftovers);
      seeOnDisk(location);
      return { map: parseSessionMap(next), collisions, brokenWriter: theirs === undefined };
    }
    collisions += 1;
    unmerged = {
      base: current.map,
      theirs,
      isOurs: (bytes) => next.equals(bytes),
      wasRemoved: () => false,
    };
  }
  throw new CleanupError(
    `${printable(location.path)}: another program changed it again and again for ` +
      `${PATIENCE_MS / 1000} s; the map is whole, the next run goes on`,
  );
}

function takeIn(pending: Pending, bytes: Uint8Array, onto: SessionMap): SessionMap {
  return pending.isOurs(bytes) ? pending.theirs : merge(pending, onto);
}

function parseWhole(bytes: Buffer): SessionMap | undefined {
  try {
    return parseSessionMap(bytes);
  } catch {
    return undefined;
  }
}

function writeBeside(location: MapLocation, bytes: Buffer, like: Stats): TempFile {
  try {
    return writeTempFile(location.directory, bytes, like);
  } catch (error) {
    throw unchanged(location, error);
  }
}

interface Replaced {
  /** Where the old map is now; undefined where it could not be kept. */
  readonly old: string | undefined;
}

/** Gives the temp file the map's name; undefined when another program took the map away meanwhile. */
function replace(
  location: MapLocation,
  temp: TempFile,
  kernel: Kernel | undefined,
): Replaced | undefined {
  try {
    if (kernel?.exchange(temp.path, location.path)) return { old: temp.path };
    const old = join(location.directory, temp.name + OLD_ENDING);
    const isKept = keepUnderName(location.path, old);
    try {
      renameSync(temp.path, location.path);
    } catch (error) {
      if (isKept) unlinkQuietly(old);
      throw error;
    }
    return { old: isKept ? old : undefined };
  } catch (error) {
    // The kernel says so, too, of a map that loses its name while it is given a second one.
    if (errorCode(error) === 'ENOENT') return undefined;
    throw unchanged(location, error);
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

function seeOnDisk({ path, directory }: MapLocation): void {
  try {
    syncDirectory(directory);
  } catch (error) {
    throw new CleanupError(
      `${printable(path)}: cleaned, but the disk did not confirm it: ${reason(error)}`,
    );
  }
}

function discard(files: readonly string[]): void {
  for (const file of files) unlinkQuietly(file);
}
