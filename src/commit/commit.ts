import { closeSync, fstatSync, lstatSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, reason } from '../errors.js';
import { sha256 } from '../journal/journal.js';
import { printable } from '../output/printable.js';
import type { MapLocation } from '../session-map/location.js';
import {
  encodeSessionMap,
  parseSessionMap,
  type SessionMap,
  sessionMapIn,
} from '../session-map/parse.js';
import { readMap } from '../session-map/read.js';
import { syncDirectory } from '../system/durable.js';
import { openForReading } from '../system/open.js';
import { unlinkQuietly } from '../system/unlink.js';
import { loadKernel } from './kernel.js';
import { type Met, putBack } from './merge.js';
import { type Outcome, publish, UnseenError, writeBeside } from './publish.js';

/** A map about to take the place of another one. */
export interface Publication {
  readonly temp: string;
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
  /** The text of the last `revise` stands in the file. */
  published?(): void;
}

/** How a commit went. */
export interface Committed {
  /** The map that we left in the file; undefined when the file is gone. */
  readonly map: SessionMap | undefined;
  /** How often another process changed the map between our reading and our publishing. */
  readonly collisions: number;
  /** What went wrong after a map had been published; the map is whole. */
  readonly failure: CleanupError | undefined;
}

const PATIENCE_MS = 20_000;
const PAUSE_MS = 10;
// A program that changes what it has just read writes it within this time.
const STALE_WRITER_MS = 100;

/**
 * Publishes a changed map in one step, and only while nobody else is writing it: a change of another
 * process is met by beginning anew, with what it wrote.
 *
 * @throws CleanupError when nothing could be published; the map is as other programs left it
 */
export async function commit(location: MapLocation, revision: Revision): Promise<Committed> {
  const kernel = loadKernel();
  const deadline = performance.now() + PATIENCE_MS;
  const met: Met[] = [];
  let collisions = 0;
  let isSettled = false;
  while (performance.now() < deadline) {
    const current = await readMap(location.path);
    if (current === undefined) return { map: undefined, collisions, failure: undefined };
    const truth = met.reduce((map, one) => putBack(one, map), current.map);
    const next = encodeSessionMap(revision.revise(truth), truth.hasByteOrderMark);
    if (next.equals(current.bytes)) {
      if (isSettled || met.length === 0)
        return { map: current.map, collisions, failure: seenOnDisk(location) };
      isSettled = true;
      await sleep(STALE_WRITER_MS);
      continue;
    }
    const temp = writeBeside(location, next, current.stats, kernel);
    let outcome: Outcome | UnseenError;
    let isSeen = true;
    try {
      revision.announce({ temp: temp.name, from: sha256(current.bytes), to: sha256(next) });
      if (!revision.holds()) continue;
      outcome = await publish(location, temp, current, kernel).catch(unseen);
      isSeen = !(outcome instanceof UnseenError);
    } finally {
      // It holds our own map, or the one that ours has replaced.
      if (isSeen) unlinkQuietly(temp.path);
    }
    const ours = parseSessionMap(next);
    if (outcome instanceof UnseenError) {
      revision.published?.();
      return { map: ours, collisions, failure: outcome };
    }
    if (outcome === 'published') {
      revision.published?.();
      if (met.length === 0) return { map: ours, collisions, failure: seenOnDisk(location) };
      isSettled = true;
      await sleep(STALE_WRITER_MS);
      continue;
    }
    isSettled = false;
    collisions += 1;
    const theirs = outcome === 'busy' ? undefined : sessionMapIn(outcome);
    if (theirs !== undefined) met.push({ before: current.map, ours, theirs });
    await sleep(PAUSE_MS);
  }
  throw new CleanupError(
    `${printable(location.path)}: another program kept it open or changed it for ${PATIENCE_MS / 1000} s; the next run goes on`,
  );
}

function unseen(error: unknown): UnseenError {
  if (error instanceof UnseenError) return error;
  throw error;
}

function seenOnDisk({ path, directory }: MapLocation): CleanupError | undefined {
  try {
    syncDirectory(directory);
    return undefined;
  } catch (error) {
    return new CleanupError(
      `${printable(path)}: written, but the disk did not confirm it: ${reason(error)}`,
    );
  }
}
void closeSync;
void fstatSync;
void lstatSync;
void readFileSync;
void openForReading;
