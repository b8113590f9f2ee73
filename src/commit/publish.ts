import { fstatSync, lstatSync, readFileSync, readSync, renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import { type SessionMap, sessionMapIn } from '../session-map/parse.js';
import { isAt } from '../system/open.js';
import { unlinkQuietly } from '../system/unlink.js';
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
  | {
      /**
       * Another program has the map open for writing, or waits to open it so; it is another map than
       * expected; the conditions did not hold any more.
       */
      readonly kind: 'open' | 'changed' | 'outdated';
      /** The map that another program has renamed into place in the last instant. */
      readonly renamed?: SessionMap | undefined;
    };

// Whoever has looked the map's name up opens the file within this time.
const GRACE_MS = 20;
const STEP_MS = 2;
const MOST_EXCHANGES = 1000;

/**
 * Gives a file the map's name, only while nobody writes the map: read leases on both files let later
 * writers wait. The two names are exchanged; when the map was another one than expected, a writer
 * waits or the conditions do not hold any more, they are exchanged back.
 *
 * @param temp gone afterwards, unless another program has it: one whose map can't get its name back, or
 *   one that has opened ours for writing before it was taken back
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
  const isStill = (): boolean =>
    isAt(path, old) && has(old, expected) && (leases === 'none' || kernel.isLeaseWhole(old));
  let isExchanged = false;
  try {
    if (leases === 'refused') return { kind: 'open' };
    if (!isStill()) return { kind: 'changed' };
    conditions.announce();
    if (!conditions.holds()) return { kind: 'outdated' };
    if (!isStill()) return { kind: 'changed' };
    isExchanged = leases === 'granted' && kernel.exchange(temp.path, path);
    if (!isExchanged) {
      renameSync(temp.path, path);
      const weaker = leases === 'none' ? "can't make others wait" : "can't exchange two names";
      return { kind: 'published', weaker };
    }
    const outcome = await look(temp, old, kernel, conditions).catch(
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
  kernel: Kernel,
  conditions: Conditions,
): Promise<Outcome> {
  if (!isAt(temp.path, old))
    return { kind: 'changed', renamed: sessionMapIn(readFileSync(temp.path)) };
  // The sooner it is undone, the fewer open our map meanwhile.
  for (let waited = 0; waited < GRACE_MS; waited += STEP_MS) {
    if (!kernel.isLeaseWhole(old)) return { kind: 'open' };
    await sleep(STEP_MS);
  }
  const kind = conditions.holds() ? 'published' : 'outdated';
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

/**
 * Takes read leases on the map and on our own file. They are not to be had on this file system when
 * even our own file, which nobody else knows, gets none.
 */
function takeLeases(kernel: Kernel, old: number, ours: number): 'granted' | 'refused' | 'none' {
  const [theirs, own] = [kernel.takeReadLease(old), kernel.takeReadLease(ours)];
  if (own !== 'granted' || theirs === 'unsupported') return 'none';
  return theirs;
}

function has(file: number, expected: Buffer): boolean {
  const bytes = Buffer.alloc(expected.length + 1);
  const read = readSync(file, bytes, 0, bytes.length, 0);
  return bytes.subarray(0, read).equals(expected);
}
