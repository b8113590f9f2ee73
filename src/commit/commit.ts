import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, errorCode, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import { type MapLocation, mustBeInPlace } from '../session-map/location.js';
import { parseSessionMap, type SessionMap, sessionMapIn } from '../session-map/parse.js';
import { type MapSnapshot, readMap } from '../session-map/read.js';
import { syncDirectory } from '../system/durable.js';
import { openForReading } from '../system/open.js';
import { Patience } from '../system/patience.js';
import { unlinkQuietly } from '../system/unlink.js';
import { type Kernel, loadKernel } from './kernel.js';
import { type Met, putBack } from './merge.js';
import { type Conditions, type Outcome, publish, type WeakerWay } from './publish.js';
import { type TempFile, writeTempFile } from './temp-file.js';

/** A change of a map that was worked out from what stood in it. */
export interface Change extends Conditions {
  /** The map's new text; its own to leave it alone. */
  readonly text: string;
}

/** How a commit went. */
export interface Committed<C extends Change> {
  /** The changes that were made, one after the other. */
  readonly made: readonly C[];
  /** The map as it was read after the last of them; undefined when that was not needed, or it is gone. */
  readonly later: SessionMap | undefined;
  /** How often another process changed the map between our reading and our publishing. */
  readonly collisions: number;
  /** Why the map could only be compared and then renamed over, in words. */
  readonly weaker: WeakerWay | undefined;
  /** What went wrong after a change had been made; the map is whole. */
  readonly failure: CleanupError | undefined;
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
  let weaker: WeakerWay | undefined;
  let isSettled = false;
  const committed = (later?: SessionMap, failure?: CleanupError): Committed<C> => ({
    made,
    later,
    collisions,
    weaker,
    failure: failure ?? (made.length === 0 ? undefined : unconfirmed(location)),
  });
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
      const outcome = await attempt(location, current, next, change, kernel);
      if (outcome.kind === 'outdated') continue;
      if (outcome.kind === 'published') {
        made.push(change);
        weaker ??= outcome.weaker;
        if (met.length === 0 || outcome.failure) return committed(undefined, outcome.failure);
        isSettled = true;
        await sleep(STALE_WRITER_MS);
        continue;
      }
      isSettled = false;
      collisions += 1;
      if (outcome.kind === 'stands') {
        made.push(change);
        // All of it is put back, and what still goes is taken out again.
        const ours = parseSessionMap(next);
        met.push({ before: ours, ours, theirs: current.map });
      }
      const theirs = outcome.kind === 'met' ? sessionMapIn(outcome.bytes) : undefined;
      if (theirs) met.push({ before: current.map, ours: parseSessionMap(next), theirs });
      await sleep(PAUSE_MS);
      if (outcome.kind === 'open') await closed(location.path, kernel, patience);
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
): Promise<Outcome> {
  const { path, directory } = location;
  if (current.stats.nlink > 1) {
    throw new CleanupError(
      `${printable(path)}: has ${current.stats.nlink} names (hard links), and replacing it would leave the others with the old map; nothing was changed`,
      'remove them, or use symbolic links',
    );
  }
  const unchanged = (error: unknown): CleanupError =>
    new CleanupError(
      `${printable(path)}: the new map can't be written: ${reason(error)}; the map is unchanged`,
    );
  let old: number | undefined;
  let temp: TempFile | undefined;
  try {
    old = openForReading(path);
    temp = writeTempFile(directory, next, old, current.bytes, kernel);
  } catch (error) {
    if (old !== undefined) closeSync(old);
    if (errorCode(error) === 'ENOENT') return { kind: 'changed' };
    throw unchanged(error);
  }
  let isOurs = true;
  try {
    const outcome = await publish(path, temp, old, current.bytes, kernel, {
      announce: () => change.announce(),
      holds() {
        mustBeInPlace(location);
        return change.holds();
      },
    });
    isOurs = outcome.kind !== 'published' || outcome.failure === undefined;
    return outcome;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { kind: 'changed' };
    throw error instanceof CleanupError ? error : unchanged(error);
  } finally {
    // It holds our own map, or the one that ours has replaced.
    if (isOurs) unlinkQuietly(temp.path);
    closeSync(temp.file);
    closeSync(old);
  }
}

/** Waits until nobody has the map open for writing. */
async function closed(path: string, kernel: Kernel, patience: Patience): Promise<void> {
  while (!patience.isOver && isOpen(path, kernel)) await sleep(PAUSE_MS);
}

function isOpen(path: string, kernel: Kernel): boolean {
  let file: number | undefined;
  try {
    file = openForReading(path);
    return kernel.takeReadLease(file) === 'refused';
  } catch {
    // Whoever reads it next is told why.
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function unconfirmed({ path, directory }: MapLocation): CleanupError | undefined {
  try {
    syncDirectory(directory);
    return undefined;
  } catch (error) {
    return new CleanupError(
      `${printable(path)}: written, but the disk did not confirm it: ${reason(error)}`,
    );
  }
}
