import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, errorCode, reason } from '../errors.js';
import { mayBeTerminal } from './colors.js';

/**
 * Writes all of it to standard output before it returns.
 *
 * @throws CleanupError when it can't be written; a reader that has gone away is no error
 */
export async function print(text: string): Promise<void> {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') {
        throw new CleanupError(`can't write to standard output: ${reason(error)}`);
      }
      // A pipe that its reader is slow to empty.
      await sleep(5);
    }
  }
}

/** How wide the terminal behind standard output is, in cells; undefined where there is none, or it has no size. */
export function terminalWidth(): number | undefined {
  // A terminal that nobody gave a size says 0.
  return mayBeTerminal() ? process.stdout.columns || undefined : undefined;
}
