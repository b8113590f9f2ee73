import { closeSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, errorCode, explained, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import type { Problems } from '../output/problems.js';
import type { MapLocation } from '../session-map/location.js';
import { parseSessionMapText, type SessionMap, sessionMapIn } from '../session-map/parse.js';
import { type MapSnapshot, readMap } from '../session-map/read.js';
import { syncDirectory } from '../system/durable.js';
import { openForReading } from '../system/open.js';
import { Patience } from '../system/patience.js';
import { unlinkQuietly } from '../system/unlink.js';
import { type Kernel, loadKernel } from './kernel.js';
import { type Met, putBack } from './merge.js';
import { type Change, type Outcome, publish } from './publish.js';
import { type TempFile, writeTempFile } from './temp-file.js';

/** How a commit ended. */
export interface CommitEnd {
  /** How often it was begun anew: mostly, since another process changed the map. */
  readonly collisions: number;
  /** Why the map could only be compared and then renamed over, in words. */
  readonly weaker: string | undefined;
  /** What went wrong after a change had been made; the map is whole. */
  readonly failure: CleanupError | undefined;
}

/** What it came to. */
interface Committed<C extends Change> extends CommitEnd {
  /** The changes that were made, one after the other. */
  readonly made: readonly C[];
  /** The map as it was read after the last of them; undefined when that was not needed, or it is gone. */
  readonly later: SessionMap | undefined;
}

const PATIENCE_MS = 15_000;
const PAUSE_MS = 10;
// A program that changes what it has just read writes it within this time.
const STALE_WRITER_MS = 100;

/**
 * Publishes a changed map in one step, and only while nobody else is writing it: a change of another
 * process is met by beginning anew, with what it wrote.
 *
 * @param plan what to change in a map as it stands; asked anew whenever the map has changed
 * @param known an earlier reading of the map
 * @throws CleanupError when nothing could be published; the map is as other programs left it
 */
export async function commit<C extends Change>(
  location: MapLocation,
  plan: (map: SessionMap) => C,
  kernel = loadKernel(),
  known?: MapSnapshot,
): Promise<Committed<C>> {
  const patience = new Patience(PATIENCE_MS);
  const met: Met[] = [];
  const made: C[] = [];
  let collisions = 0;
  let weaker: string | undefined;
  let isSettled = false;
  const committed = (later?: SessionMap, failure?: CleanupError): Committed<C> => {
    return { made, later, collisions, weaker, failure };
  };
  try {
    while (!patience.isOver) {
      const current = await readMap(location.path, known);
      if (current === undefined) return committed();
      const change = plan(met.reduce((map, one) => putBack(one, map), current.map));
      const next = Buffer.from(change.text);
      if (next.equals(current.bytes)) {
        if (isSettled || met.length === 0) return committed(current.map);
        isSettled = true;
        await sleep(STALE_WRITER_MS);
        continue;
      }
      isSettled = false;
      const outcome = await attempt(location, current, next, change, kernel, patience);
      if (outcome.kind === 'published') {
        made.push(change);
        weaker ??= outcome.weaker;
        if (outcome.failure !== undefined) throw outcome.failure;
        confirm(location);
        if (met.length === 0) return committed();
        continue;
      }
      collisions += 1;
      const [before, { theirs }] = [current.map, outcome];
      if (theirs) met.push({ before, ours: parseSessionMapText(change.text), theirs });
      await sleep(PAUSE_MS);
      if (outcome.kind === 'open') await readWhenClosed(location.path, kernel, patience);
    }
    throw new CleanupError(
      `${printable(location.path)}: another program kept it open for writing, or changed it, for ${PATIENCE_MS / 1000} s; the next run goes on`,
    );
  } catch (error) {
    if (made.length === 0 || !(error instanceof CleanupError)) throw error;
    return committed(undefined, error);
  }
}

async function attempt(
  location: MapLocation,
  current: MapSnapshot,
  next: Buffer,
  change: Change,
  kernel: Kernel,
  patience: Patience,
): Promise<Outcome> {
  const { path, directory } = location;
  if (current.stats.nlink > 1) {
    throw new CleanupError(
      `${printable(path)}: has ${current.stats.nlink} names (hard links), and replacing it would leave the others with the old map; nothing was changed`,
      'remove them, or use symbolic links',
    );
  }
  let old: number | undefined;
  let temp: TempFile | undefined;
  let outcome: Outcome;
  try {
    old = openForReading(path);
    temp = writeTempFile(directory, next, old, current.bytes, kernel);
    outcome = await publish(location, temp, old, current.bytes, change, kernel);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { kind: 'changed' };
    if (error instanceof CleanupError) throw error;
    throw new CleanupError(
      `${printable(path)}: the new map can't be written: ${reason(error)}; the map is unchanged`,
    );
  } finally {
    // The leases end with this: whoever waits goes on.
    for (const file of [old, temp?.file]) if (file !== undefined) closeSync(file);
  }
  if (outcome.kind === 'published') return outcome;
  // There still when somebody had opened ours before it was taken back.
  const written = await readWhenClosed(temp.path, kernel, patience);
  if (written === undefined) return outcome;
  unlinkQuietly(temp.path);
  return { ...outcome, theirs: sessionMapIn(written) };
}

/** A file's bytes once nobody has it open for writing; undefined when that takes too long, or it is gone. */
export async function readWhenClosed(
  path: string,
  kernel: Kernel,
  patience: Patience,
): Promise<Buffer | undefined> {
  for (;;) {
    let file: number | undefined;
    try {
      file = openForReading(path);
      if (kernel.takeReadLease(file) !== 'refused') return readFileSync(file);
    } catch {
      // Whoever reads it next is told why.
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
    if (patience.isOver) return undefined;
    await sleep(PAUSE_MS);
  }
}

function confirm({ path, directory }: MapLocation): void {
  try {
    syncDirectory(directory);
  } catch (error) {
    const about = `${printable(path)}: written, but the disk did not confirm it`;
    throw explained(error, about, 'the map is whole');
  }
}

/** Tells what the user is to know of a commit that has published a map. */
export function reportCommit(
  path: string,
  { failure, weaker }: CommitEnd,
  problems: Problems,
): void {
  if (failure !== undefined) problems.error(failure.message);
  if (weaker !== undefined) {
    problems.warn(
      `${path}: replaced in the weaker way (compared, then renamed over), since its disk ${weaker}: ` +
        'what a bridge saves in the same instant can be lost',
    );
  }
}
