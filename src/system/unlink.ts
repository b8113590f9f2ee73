import { unlinkSync } from 'node:fs';
import { errorCode } from '../errors.js';

/**
 * Removes a file; one that is not there is as good.
 *
 * @throws the system call's error
 */
export function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Removes a file; one that can't be removed is left to the next run. */
export function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or the next run's to remove.
  }
}
