import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from './kernel.js';
import { MalformedMapError, parseSessionMap } from './session-map.js';

// A writer that found the file under its old name opens it within this time.
const GRACE_MS = 20;
const PAUSE_MS = 5;
const QUIET_MS = 200;
const QUIET_PAUSE_MS = 20;
const PATIENCE_MS = 10_000;

/**
 * Waits until nobody writes into a map any more that has lost its name, and reads it.
 *
 * @returns undefined when it was never whole within 10 s: its writer died
 */
export async function settledBytes(
  path: string,
  kernel: Kernel | undefined,
): Promise<Buffer | undefined> {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const deadline = performance.now() + PATIENCE_MS;
    return kernel === undefined
      ? await untilQuiet(file, deadline)
      : await untilNobodyWrites(file, deadline, kernel);
  } finally {
    closeSync(file);
  }
}

/** The kernel tells whether somebody has the file open for writing. */
async function untilNobodyWrites(
  file: number,
  deadline: number,
  kernel: Kernel,
): Promise<Buffer | undefined> {
  while (performance.now() < deadline) {
    const lease = kernel.takeReadLease(file);
    if (lease === 'unsupported') return untilQuiet(file, deadline);
    if (lease === 'granted') {
      await sleep(GRACE_MS);
      const bytes = contentOf(file);
      if (kernel.endReadLease(file)) return isWhole(bytes) ? bytes : undefined;
    }
    await sleep(PAUSE_MS);
  }
  return undefined;
}

/** Without the kernel's word: whole, and unchanged for a while. */
async function untilQuiet(file: number, deadline: number): Promise<Buffer | undefined> {
  let bytes = contentOf(file);
  let since = performance.now();
  while (performance.now() < deadline) {
    await sleep(QUIET_PAUSE_MS);
    const again = contentOf(file);
    if (!again.equals(bytes)) {
      bytes = again;
      since = performance.now();
    } else if (performance.now() - since > QUIET_MS && isWhole(bytes)) {
      return bytes;
    }
  }
  return undefined;
}

function contentOf(file: number): Buffer {
  // By the path of the descriptor's own: readFileSync of a descriptor goes on where it stopped.
  return readFileSync(`/proc/self/fd/${file}`);
}

function isWhole(bytes: Buffer): boolean {
  try {
    parseSessionMap(bytes);
    return true;
  } catch (error) {
    return !(error instanceof MalformedMapError);
  }
}
