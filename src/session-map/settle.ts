import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from './kernel.js';
import { isWholeJson } from './session-map.js';

// A writer that found the file under its old name opens it within this time.
const GRACE_MS = 20;
const PAUSE_MS = 5;
const QUIET_MS = 200;
const QUIET_PAUSE_MS = 20;
const PATIENCE_MS = 10_000;

/** What a map that has lost its name came to hold. */
export interface Settled {
  /** Its content; undefined when it is no whole map: its writer died, or has not come to its end. */
  readonly bytes: Buffer | undefined;
  /** Whether nobody writes into it any more, as far as can be told. */
  readonly isQuiet: boolean;
}

/**
 * Waits until nobody writes into a map any more that has lost its name, for 10 s at most, and reads it.
 *
 * @param file a descriptor, opened read-only
 */
export async function settle(file: number, kernel: Kernel | undefined): Promise<Settled> {
  const deadline = performance.now() + PATIENCE_MS;
  return kernel === undefined
    ? await untilQuiet(file, deadline)
    : await untilNobodyWrites(file, deadline, kernel);
}

/** The kernel tells whether somebody has the file open for writing. */
async function untilNobodyWrites(file: number, deadline: number, kernel: Kernel): Promise<Settled> {
  while (performance.now() < deadline) {
    const lease = kernel.takeReadLease(file);
    if (lease === 'unsupported') return untilQuiet(file, deadline);
    if (lease === 'granted') {
      await sleep(GRACE_MS);
      const bytes = wholeContentOf(file);
      if (kernel.endReadLease(file)) return { bytes, isQuiet: true };
    }
    await sleep(PAUSE_MS);
  }
  return { bytes: wholeContentOf(file), isQuiet: false };
}

/** Without the kernel's word: whole, and unchanged for a while. */
async function untilQuiet(file: number, deadline: number): Promise<Settled> {
  let bytes = contentOf(file);
  let since = performance.now();
  while (performance.now() < deadline) {
    await sleep(QUIET_PAUSE_MS);
    const again = contentOf(file);
    if (!again.equals(bytes)) {
      bytes = again;
      since = performance.now();
    } else if (performance.now() - since > QUIET_MS && isWholeJson(bytes)) {
      return { bytes, isQuiet: true };
    }
  }
  return { bytes: wholeContentOf(file), isQuiet: false };
}

function contentOf(file: number): Buffer {
  // By the path of the descriptor's own: readFileSync of a descriptor goes on where it stopped.
  return readFileSync(`/proc/self/fd/${file}`);
}

/** What a descriptor's file holds, when it is a whole map. */
export function wholeContentOf(file: number): Buffer | undefined {
  const bytes = contentOf(file);
  return isWholeJson(bytes) ? bytes : undefined;
}
