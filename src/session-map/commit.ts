import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, explained, reason } from '../errors.js';
import { syncDirectory } from '../files/durable.js';
import { openForReading } from '../files/open.js';
import { unlinkQuietly } from '../files/unlink.js';
import { printable } from '../printable.js';
import { sha256 } from './journal.js';
import { type Kernel, loadKernel } from './kernel.js';
import type { MapLocation } from './location.js';
import { type Exchange, merge, type Pending } from './merge.js';
import { type MapFile, type MapSnapshot, readMap, readOnce } from './read.js';
import { type Replaced, replace, writeBeside } from './replace.js';
import { encodeSessionMap, parseSessionMap, type SessionMap, sessionMapIn } from './session-map.js';
import { type Settled, settle } from './settle.js';

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
  return await new Commit(location, revision, pending).run();
}

class Commit {
  readonly #location: MapLocation;
  readonly #revision: Revision;
  /** Other processes' changes. They stay: each may have to be put back once more. */
  readonly #met: Pending[];
  /** Swapped-out files whose changes are not in the map yet. */
  #leftovers: string[] = [];
  #kernel: Kernel | undefined;
  #published: SessionMap | undefined;
  #collisions = 0;
  #otherWriter: Committed['otherWriter'] = 'done';

  constructor(location: MapLocation, revision: Revision, pending: Pending | undefined) {
    this.#location = location;
    this.#revision = revision;
    this.#met = pending === undefined ? [] : [pending];
  }

  async run(): Promise<Committed> {
    try {
      return this.#outcome(await this.#work(), undefined);
    } catch (error) {
      const path = printable(this.#location.path);
      const failure = explained(error, path, 'the map is whole, the next run goes on');
      if (this.#published === undefined || !(failure instanceof CleanupError)) throw failure;
      return this.#outcome(this.#published, failure);
    }
  }

  #outcome(map: SessionMap | undefined, failure: CleanupError | undefined): Committed {
    return { map, collisions: this.#collisions, otherWriter: this.#otherWriter, failure };
  }

  /** @returns the map that stands in the file in the end; undefined when the file is gone */
  async #work(): Promise<SessionMap | undefined> {
    const deadline = performance.now() + PATIENCE_MS;
    let isSettled = false;
    while (performance.now() < deadline) {
      const current = await readMap(this.#location.path);
      if (current === undefined) return undefined;
      const truth = this.#truthOf(current);
      if (isSettled && truth === current.map) return current.map;
      const next = encodeSessionMap(this.#revision.revise(truth), truth.hasByteOrderMark);
      if (next.equals(current.bytes)) {
        this.#discardLeftovers();
        if (isSettled || this.#met.length === 0) return current.map;
        isSettled = true;
      } else {
        isSettled = await this.#replaceBy(next, current, truth !== current.map);
        if (isSettled && this.#met.length === 0) return this.#published;
      }
      // Who had read the map without a change that was met writes it without: that is put back.
      if (isSettled) await sleep(STALE_WRITER_MS);
    }
    throw new CleanupError(
      `${printable(this.#location.path)}: another program changed it again and again for ` +
        `${PATIENCE_MS / 1000} s; the map is whole, the next run goes on`,
    );
  }

  /** What stands in the file, with the changes of other processes that it lacks. */
  #truthOf({ bytes, map }: MapSnapshot): SessionMap {
    const last = this.#met.at(-1);
    const start = last?.isOurs(bytes) ? last.theirs : map;
    return this.#met.reduce((truth, pending) => merge(pending, truth), start);
  }

  /** @returns whether it is published, and nobody has come in between */
  async #replaceBy(next: Buffer, current: MapSnapshot, hadMerged: boolean): Promise<boolean> {
    const replaced = this.#publish(next, current, hadMerged);
    if (replaced === undefined) return false;
    const ours = parseSessionMap(next);
    return replaced.takenBackFor === undefined
      ? await this.#lookAtOld(replaced, current, ours, next)
      : await this.#lookAtOurs(replaced, replaced.takenBackFor, current, ours, next);
  }

  /** @returns undefined when it was not done: the map is another one by now, or the text not right any more */
  #publish(next: Buffer, current: MapSnapshot, hadMerged: boolean): Replaced | undefined {
    this.#kernel ??= loadKernel();
    const temp = writeBeside(this.#location, next, current.stats, this.#kernel);
    let replaced: Replaced | undefined;
    try {
      const [from, to] = [sha256(current.bytes), sha256(next)];
      const { name, inode } = temp;
      this.#revision.announce({ temp: name, inode, from, to, hadMerged });
      if (!this.#revision.holds()) return undefined;
      const last = mapFileAt(this.#location.path);
      if (last?.bytes.equals(current.bytes) && last.stats.ino === current.stats.ino) {
        replaced = replace(this.#location, temp, last, this.#kernel);
      }
      if (replaced === undefined) this.#collisions += 1;
      return replaced;
    } finally {
      if (replaced === undefined) unlinkQuietly(temp.path);
    }
  }

  /** Ours has the name: what became of the old map? */
  async #lookAtOld(
    replaced: Replaced,
    current: MapSnapshot,
    ours: SessionMap,
    next: Buffer,
  ): Promise<boolean> {
    this.#published = ours;
    this.#revision.published?.();
    // What had been met is in the map that has just been published.
    this.#discardLeftovers();
    const exchange = { before: current.map, ours };
    const isChanged = await this.#takeStock(replaced, current.bytes, exchange, next);
    if (!isChanged) this.#seeOnDisk();
    return !isChanged;
  }

  /** Another program's map has the name again; for a moment ours had it, and somebody may go on from that. */
  async #lookAtOurs(
    replaced: Replaced,
    met: Buffer,
    current: MapSnapshot,
    ours: SessionMap,
    next: Buffer,
  ): Promise<false> {
    this.#collisions += 1;
    const theirs = sessionMapIn(met);
    if (theirs !== undefined) this.#meet({ before: current.map, ours }, theirs);
    await this.#takeStock(replaced, next, { before: ours, ours: theirs ?? current.map }, met);
    return false;
  }

  /**
   * Waits until nobody writes any more into the file that has lost its name, and takes in what was written.
   *
   * @param known what it held
   * @param inItsPlace what has its name now
   * @returns whether it was changed
   */
  async #takeStock(
    replaced: Replaced,
    known: Buffer,
    exchange: Exchange,
    inItsPlace: Buffer,
  ): Promise<boolean> {
    const { bytes, isQuiet } = await settledAndClosed(replaced, this.#kernel);
    const isChanged = bytes === undefined || !bytes.equals(known);
    const theirs = bytes && isChanged ? sessionMapIn(bytes) : undefined;
    // What is written there from now on is for the next run, which finds the file.
    if (!isQuiet) this.#otherWriter = 'still-writing';
    else if (isChanged && theirs === undefined) this.#otherWriter = 'died';
    const leftover = isQuiet && replaced.old !== undefined ? [replaced.old] : [];
    if (theirs === undefined) {
      discard(leftover);
      return false;
    }
    this.#leftovers.push(...leftover);
    if (replaced.takenBackFor === undefined) this.#collisions += 1;
    this.#meet(exchange, theirs, inItsPlace);
    return true;
  }

  #meet(exchange: Exchange, theirs: SessionMap, ours?: Buffer): void {
    this.#met.push({
      exchange,
      theirs,
      isOurs: (bytes) => ours?.equals(bytes) ?? false,
      wasRemoved: () => false,
    });
  }

  #discardLeftovers(): void {
    discard(this.#leftovers);
    this.#leftovers = [];
  }

  #seeOnDisk(): void {
    const { path, directory } = this.#location;
    try {
      syncDirectory(directory);
    } catch (error) {
      throw new CleanupError(
        `${printable(path)}: written, but the disk did not confirm it: ${reason(error)}`,
      );
    }
  }
}

function discard(files: readonly string[]): void {
  for (const file of files) unlinkQuietly(file);
}

/** The map as it stands; undefined for what is none, which the next reading tells of. */
function mapFileAt(path: string): MapFile | undefined {
  try {
    return readOnce(path);
  } catch (error) {
    if (error instanceof CleanupError) return undefined;
    throw error;
  }
}

async function settledAndClosed(replaced: Replaced, kernel: Kernel | undefined): Promise<Settled> {
  const descriptor = replaced.file ?? openForReading(replaced.old);
  try {
    return await settle(descriptor, kernel);
  } finally {
    closeSync(descriptor);
  }
}
