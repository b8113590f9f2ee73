import { fstatSync, lstatSync, readFileSync, renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import { type MapLocation, mustBeInPlace } from '../session-map/location.js';
import { type SessionMap, sessionMapIn } from '../session-map/parse.js';
import { readOnce } from '../session-map/read.js';
import { isAt } from '../system/open.js';
import { unlinkQuietly } from '../system/unlink.js';
import type { Kernel } from './kernel.js';
import type { TempFile } from './temp-file.js';

/** A change of a map that was worked out from what stood in it. */
export interface Change {
  /** The map's new text; its own to leave it alone. */
  readonly text: string;
  /** Writes the journal. Nothing is touched when this throws. */
  announce?(): void;
  /** Whether the new map is still right; asked while nobody can write the old one, before and after. */
  holds?(): boolean;
}

/** What came of it. */
export type Outcome =
  | {
      readonly kind: 'published';
      /** Why the map was compared and then renamed over, in words: what its file system can't do. */
      readonly weaker?: string;
      readonly failure?: CleanupError;
    }
  | {
      /**
       * Another program has the map open for writing, or waits to open it so; or something is another than
       * expected: the map, or what the change rests on.
       */
      readonly kind: 'open' | 'changed';
      /** What another program has written that somebody who has read our map can undo. */
      readonly theirs?: SessionMap | undefined;
    };

// Whoever has looked the map's name up opens the file within this time.
const GRACE_MS = 20;
const STEP_MS = 2;
const MOST_EXCHANGES = 1000;

/**
 * Gives a file the map's name, only while nobody writes the map: read leases on both files let later
 * writers wait. The two names are exchanged; when the map was another one than expected, a writer
 * waits or the change does not hold any more, they are exchanged back.
 *
 * @param temp gone afterwards, unless another program has it: one whose map can't get its name back, or
 *   one that has opened ours for writing before it was taken back
 * @param old the map's file, opened read-only
 * @param expected what must stand in it
 * @throws Error when it could not be published; the map is as other programs left it
 */
export async function publish(
  location: MapLocation,
  temp: TempFile,
  old: number,
  expected: Buffer,
  change: Change,
  kernel: Kernel,
): Promise<Outcome> {
  const { path } = location;
  const [lease, own] = [kernel.takeReadLease(old), kernel.takeReadLease(temp.file)];
  // When even our own file gets none, which nobody else knows, this file system has none.
  const hasLeases = own === 'granted' && lease !== 'unsupported';
  const isStill = (): boolean => {
    const there = readOnce(path);
    const isSame = there?.stats.ino === fstatSync(old).ino && there.bytes.equals(expected);
    return isSame && (!hasLeases || kernel.isLeaseWhole(old));
  };
  const holds = (): boolean => {
    mustBeInPlace(location);
    return change.holds?.() ?? true;
  };
  let isExchanged = false;
  try {
    if (hasLeases && lease === 'refused') return { kind: 'open' };
    if (!isStill()) return { kind: 'changed' };
    change.announce?.();
    if (!holds() || !isStill()) return { kind: 'changed' };
    isExchanged = hasLeases && kernel.exchange(temp.path, path);
    if (!isExchanged) {
      renameSync(temp.path, path);
      const weaker = hasLeases ? "can't exchange two names" : "can't make others wait";
      return { kind: 'published', weaker };
    }
    const outcome = await look(temp, old, holds, kernel).catch(
      (error: unknown) => ({ kind: 'unseen', error }) as const,
    );
    if (outcome.kind === 'published') return outcome;
    const failure = undo(path, temp, kernel);
    if (failure !== undefined) return { kind: 'published', failure };
    if (outcome.kind === 'unseen') throw outcome.error;
    return outcome;
  } finally {
    if (!isExchanged || isOurs(temp, old, kernel)) unlinkQuietly(temp.path);
  }
}

/** Looks at what has come out, and whether anybody was about to write it. */
async function look(
  temp: TempFile,
  old: number,
  holds: () => boolean,
  kernel: Kernel,
): Promise<Outcome> {
  if (!isAt(temp.path, old)) {
    // Renamed into place in the last instant.
    return { kind: 'changed', theirs: sessionMapIn(readFileSync(temp.path)) };
  }
  // The sooner it is undone, the fewer open our map meanwhile.
  for (let waited = 0; waited < GRACE_MS; waited += STEP_MS) {
    if (!kernel.isLeaseWhole(old)) return { kind: 'open' };
    await sleep(STEP_MS);
  }
  const kind = holds() ? 'published' : 'changed';
  return kernel.isLeaseWhole(old) ? { kind } : { kind: 'open' };
}

/**
 * Exchanges the names back. Whoever has renamed a map over ours meanwhile keeps the name.
 *
 * @returns what kept it from that; then another program's map lies under the temp file's name
 */
function undo(path: string, temp: TempFile, kernel: Kernel): CleanupError | undefined {
  try {
    let putIn = fstatSync(temp.file).ino;
    for (let exchanges = 0; exchanges < MOST_EXCHANGES; exchanges += 1) {
      const back = lstatSync(temp.path).ino;
      kernel.exchange(temp.path, path);
      if (lstatSync(temp.path).ino === putIn) return undefined;
      putIn = back;
    }
    throw new CleanupError('it is replaced all the time');
  } catch (error) {
    return new CleanupError(
      `${printable(path)}: the map of another program can't be given its name back: ${reason(error)}; ` +
        `it is in ${printable(temp.path)}, and the next run tries again`,
    );
  }
}

/** Whether the temp file is the old map or our own, and nobody waits to write into it. */
function isOurs(temp: TempFile, old: number, kernel: Kernel): boolean {
  try {
    return [old, temp.file].some((file) => isAt(temp.path, file) && kernel.isLeaseWhole(file));
  } catch {
    return false;
  }
}
