import { unlinkSync } from 'node:fs';

/** Removes a file; one that can't be removed is left to the next run. */
export function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or the next run's to remove.
  }
}
