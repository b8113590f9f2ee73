import { fstatSync, lstatSync, readFileSync, readSync, renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import { isAt } from '../system/open.js';
import type { Kernel } from './kernel.js';
import type { TempFile } from './temp-file.js';

/** What a file that takes the map's place needs before and after it does. */
export interface Conditions {
  /** Writes the journal. Nothing is touched when this throws. */
  announce(): void;
  /** Whether the new map is still right; asked while nobody can write the old one, before and after. */
  holds(): boolean;
}

/** Why the map was compared and then renamed over, in words: what its file system can't do. */
export type WeakerWay = "can't make others wait" | "can't exchange two names";

/** What came of it. */
export type Outcome =
  | { readonly kind: 'published'; readonly weaker?: WeakerWay; readonly failure?: CleanupError }
  /** Another program has the map open for writing, or waits to open it so. */
  | { readonly kind: 'open' }
  /** It is another map than expected. */
  | { readonly kind: 'changed' }
  /** Another program renamed this map into place in the last instant, and maybe has read ours. */
  | { readonly kind: 'met'; readonly bytes: Buffer }
  /** The conditions did not hold any more. */
  | { readonly kind: 'outdated' }
  /** Likewise, but somebody had our map open for writing by then: it has the map's name. */
  | { readonly kind: 'stands' };

// Whoever has looked the map's name up opens the file within this time.
const GRACE_MS = 20;
const MOST_EXCHANGES = 1000;

/**
 * Gives a file the map's name, only while nobody writes the map: read leases on both files let later
 * writers wait. The two names are exchanged; when the map was another one than expected, a writer
 * waits or the conditions do not hold any more, they are exchanged back.
 *
 * @param temp holds our own map afterwards, or the one that ours has replaced; after a failure, another
 *   program's
 * @param old the map's file, opened read-only
 * @param expected what must stand in it
 * @throws Error when it could not be published; the map is as other programs left it
 */
export async function publish(
  path: string,
  temp: TempFile,
  old: number,
  expected: Buffer,
  kernel: Kernel,
  conditions: Conditions,
): Promise<Outcome> {
  const leases = takeLeases(kernel, old, temp.file);
  if (leases === 'refused') return { kind: 'open' };
  if (!isStill(path, old, expected)) return { kind: 'changed' };
  conditions.announce();
  if (!conditions.holds()) return { kind: 'outdated' };
  if (!isStill(path, old, expected)) return { kind: 'changed' };
  if (leases === 'none' || !kernel.exchange(temp.path, path)) {
    renameSync(temp.path, path);
    const weaker = leases === 'none' ? "can't make others wait" : "can't exchange two names";
    return { kind: 'published', weaker };
  }
  let outcome: Outcome | undefined;
  let unseen: unknown;
  try {
    outcome = await look(temp, old, kernel, conditions);
    if (outcome.kind === 'published') return outcome;
  } catch (error) {
    unseen = error;
  }
  const failure = undo(path, temp, kernel);
  if (failure !== undefined) return { kind: 'published', failure };
  if (outcome === undefined) throw unseen;
  if (outcome.kind === 'outdated' && !kernel.isLeaseWhole(temp.file)) {
    // What he waits to write into must be the map.
    kernel.exchange(temp.path, path);
    return { kind: 'stands' };
  }
  return outcome;
}

/** Looks at what has come out, and whether anybody was about to write it. */
async function look(
  temp: TempFile,
  old: number,
  kernel: Kernel,
  conditions: Conditions,
): Promise<Outcome> {
  if (!isAt(temp.path, old)) return { kind: 'met', bytes: readFileSync(temp.path) };
  await sleep(GRACE_MS);
  if (!kernel.isLeaseWhole(old)) return { kind: 'open' };
  return { kind: conditions.holds() ? 'published' : 'outdated' };
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

/**
 * Takes read leases on the map and on our own file. They are not to be had on this file system when
 * even our own file, which nobody else knows, gets none.
 */
function takeLeases(kernel: Kernel, old: number, ours: number): 'granted' | 'refused' | 'none' {
  const [theirs, own] = [kernel.takeReadLease(old), kernel.takeReadLease(ours)];
  if (own !== 'granted' || theirs === 'unsupported') return 'none';
  return theirs;
}

/** Whether the map is the expected one, by its name and by every byte. */
function isStill(path: string, file: number, expected: Buffer): boolean {
  return isAt(path, file) && holds(file, expected);
}

const PIECE = 64 * 1024;

function holds(file: number, expected: Buffer): boolean {
  if (fstatSync(file).size !== expected.length) return false;
  const piece = Buffer.alloc(PIECE);
  for (let at = 0; at < expected.length; ) {
    const read = readSync(file, piece, 0, PIECE, at);
    if (read === 0 || !piece.subarray(0, read).equals(expected.subarray(at, at + read)))
      return false;
    at += read;
  }
  return true;
}
