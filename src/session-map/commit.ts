import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, explained, reason } from '../errors.js';
import { printable } from '../printable.js';
import type { Problems } from '../problems.js';
import { syncDirectory } from './durable.js';
import { sha256 } from './journal.js';
import { type Kernel, loadKernel } from './kernel.js';
import type { MapLocation } from './location.js';
import { merge, type Pending } from './merge.js';
import { openForReading } from './open.js';
import { readMap, readOnce } from './read.js';
import { type Replaced, replace, writeBeside } from './replace.js';
import { encodeSessionMap, parseSessionMap, type SessionMap, sessionMapIn } from './session-map.js';
import { type Settled, settle } from './settle.js';
import { unlinkQuietly } from './unlink.js';

/** A map about to take the place of another one. */
export interface Publication {
  readonly temp: string;
  readonly inode: number;
  readonly from: string;
  readonly to: string;
  /** It takes in another process's change: then it has what the map that it replaces lacks. */
  readonly hadMerged: boolean;
}

/** What a commit is to do; asked anew whenever the map has changed meanwhile. */
export interface Revision {
  /** The new text of the map, worked out from what stands in it; its own text to leave it alone. */
  revise(map: SessionMap): string;
  /** Writes the journal. The map is not touched when this throws. */
  announce(publication: Publication): void;
  /** Whether the new text is still right, asked in the last instant before it is published. */
  holds(): boolean;
  /** The text of the last `revise` stands in the file. */
  published?(): void;
}

/** How a commit went. */
export interface Committed {
  /** The map that stands in the file now, as far as we know; undefined when the file is gone. */
  readonly map: SessionMap | undefined;
  /** How often another process changed the map between our reading and our publishing. */
  readonly collisions: number;
  /** What became of a swapped-out map that another process was writing at that moment. */
  readonly otherWriter: 'done' | 'died' | 'still-writing';
  /** What went wrong after a map had been published; the map is whole, the next run goes on. */
  readonly failure: CleanupError | undefined;
}

/** Tells what the user is to know of a commit that has published a map. */
export function reportCommit(
  path: string,
  { failure, otherWriter }: Pick<Committed, 'failure' | 'otherWriter'>,
  problems: Problems,
): void {
  if (failure !== undefined) problems.error(failure.message);
  const problem = otherWriterProblem(path, otherWriter);
  if (problem !== undefined) problems.warn(problem);
}

/** What the user is to know of a program that was writing a map when it was swapped out. */
export function otherWriterProblem(
  path: string,
  otherWriter: Committed['otherWriter'],
): string | undefined {
  if (otherWriter === 'died') {
    return `${path}: a program that was writing it stopped in the middle; the map is whole, that program's last change is not in it`;
  }
  if (otherWriter === 'still-writing') {
    return `${path}: a program has held it open for writing since before this run; what it writes there is taken in by the next run`;
  }
  return undefined;
}

// With hundreds of foreign writes a second a handful of rounds is enough.
const PATIENCE_MS = 20_000;
// A program that changes what it has just read writes it within this time.
const STALE_WRITER_MS = 100;

/**
 * Publishes a changed map in one step, so that the file is at every instant the old one or the new
 * one, and takes in whatever other processes write meanwhile.
 *
 * @param pending a change found in a file that a killed run had swapped out
 * @throws CleanupError when nothing could be published; the map is as it was, and a change that was not
 *   taken in lies in a file that the next run finds
 */
export async function commit(
  location: MapLocation,
  revision: Revision,
  pending?: Pending,
): Promise<Committed> {
  const progress: Progress = { published: undefined, collisions: 0, otherWriter: 'done' };
  const outcome = (map: SessionMap | undefined, failure?: CleanupError): Committed => {
    const { collisions, otherWriter } = progress;
    return { map, collisions, otherWriter, failure };
  };
  try {
    return outcome(await publish(location, revision, pending, progress));
  } catch (error) {
    const failure = explained(
      error,
      printable(location.path),
      'the map is whole, the next run goes on',
    );
    const { published } = progress;
    if (published === undefined || !(failure instanceof CleanupError)) throw failure;
    return outcome(published, failure);
  }
}

/** What a commit has come to so far. */
interface Progress {
  published: SessionMap | undefined;
  collisions: number;
  otherWriter: Committed['otherWriter'];
}

/** @returns the map that stands in the file in the end; undefined when the file is gone */
async function publish(
  location: MapLocation,
  revision: Revision,
  pending: Pending | undefined,
  progress: Progress,
): Promise<SessionMap | undefined> {
  let kernel: Kernel | undefined;
  let unmerged = pending;
  const takenIn: Pending[] = [];
  let isWatching = false;
  // Swapped-out files whose changes are not in the map yet.
  let leftovers: string[] = [];
  const deadline = performance.now() + PATIENCE_MS;

  while (performance.now() < deadline) {
    const current = await readMap(location.path);
    if (current === undefined) return undefined;
    const truth = takenIn.reduce(
      (map, earlier) => merge(earlier, map),
      unmerged === undefined ? current.map : takeIn(unmerged, current.bytes, current.map),
    );
    const hadMerged = truth !== current.map;
    if (isWatching && !hadMerged) return current.map;
    const text = revision.revise(truth);
    const next = encodeSessionMap(text, truth.hasByteOrderMark);
    if (next.equals(current.bytes)) {
      discard(leftovers);
      return current.map;
    }

    kernel ??= loadKernel();
    const temp = writeBeside(location, next, current.stats, kernel);
    let replaced: Replaced | undefined;
    try {
      revision.announce({
        temp: temp.name,
        inode: temp.inode,
        from: sha256(current.bytes),
        to: sha256(next),
        hadMerged,
      });
      if (!revision.holds()) continue;
      const last = readOnce(location.path);
      if (last?.bytes.equals(current.bytes) && last.stats.ino === current.stats.ino) {
        replaced = replace(location, temp, next, last, kernel);
      }
    } finally {
      if (replaced === undefined) unlinkQuietly(temp.path);
    }
    if (replaced === undefined) {
      progress.collisions += 1;
      continue;
    }
    const ours = parseSessionMap(next);
    progress.published = ours;
    revision.published?.();
    // What was pending is in the map that has just been published.
    discard(leftovers);
    leftovers = replaced.old === undefined ? [] : [replaced.old];
    if (hadMerged) takenIn.push(withoutIt(current.map, truth));

    const { bytes: old, isQuiet } = await settledAndClosed(replaced, kernel);
    const theirs = old && sessionMapIn(old);
    if (!isQuiet) {
      // What is written there from now on is for the next run, which finds the file.
      leftovers = [];
      progress.otherWriter = 'still-writing';
    } else if (theirs === undefined) {
      progress.otherWriter = 'died';
    }
    if (theirs === undefined || old?.equals(current.bytes)) {
      discard(leftovers);
      leftovers = [];
      seeOnDisk(location);
      if (takenIn.length === 0) return ours;
      unmerged = undefined;
      isWatching = true;
      await sleep(STALE_WRITER_MS);
    } else {
      progress.collisions += 1;
      isWatching = false;
      unmerged = {
        exchange: { before: current.map, ours },
        theirs,
        isOurs: (bytes) => !hadMerged && next.equals(bytes),
        wasRemoved: () => false,
      };
    }
  }
  throw new CleanupError(
    `${printable(location.path)}: another program changed it again and again for ` +
      `${PATIENCE_MS / 1000} s; the map is whole, the next run goes on`,
  );
}

async function settledAndClosed(replaced: Replaced, kernel: Kernel | undefined): Promise<Settled> {
  const descriptor = replaced.file ?? openForReading(replaced.old);
  try {
    return await settle(descriptor, kernel);
  } finally {
    closeSync(descriptor);
  }
}

function takeIn(pending: Pending, bytes: Uint8Array, onto: SessionMap): SessionMap {
  return pending.isOurs(bytes) ? pending.theirs : merge(pending, onto);
}

/** What a program brings back that had read the map before a change was taken in, and now writes it. */
function withoutIt(before: SessionMap, merged: SessionMap): Pending {
  return {
    exchange: { before, ours: before },
    theirs: merged,
    isOurs: () => false,
    wasRemoved: () => false,
  };
}

function seeOnDisk({ path, directory }: MapLocation): void {
  try {
    syncDirectory(directory);
  } catch (error) {
    throw new CleanupError(
      `${printable(path)}: written, but the disk did not confirm it: ${reason(error)}`,
    );
  }
}

function discard(files: readonly string[]): void {
  for (const file of files) unlinkQuietly(file);
}
