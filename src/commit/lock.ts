import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, EXIT, explained } from '../errors.js';
import { printable } from '../output/printable.js';
import { isOwn } from '../system/account.js';
import { isAt } from '../system/open.js';
import { Patience } from '../system/patience.js';
import { unlinkQuietly } from '../system/unlink.js';
import { loadKernel } from './kernel.js';

/** Not `session_map.json.lock`: that name is the bridge's, which may flock it. */
const LOCK_NAME = '.session_map.cleanup.lock';

const WAIT_MS = 3000;
const PAUSE_MS = 50;

/**
 * Keeps a second run of ours out of this directory until the returned function is called or the
 * process ends: the kernel's own lock (flock), so that a killed run leaves none behind.
 *
 * @throws CleanupError with exit status 75 when another run holds it for longer than 3 s
 */
export async function takeLock(directory: string, kernel = loadKernel()): Promise<() => void> {
  const path = join(directory, LOCK_NAME);
  const patience = new Patience(WAIT_MS);
  try {
    for (;;) {
      const file = openLock(path);
      const isLocked = kernel.lock(file);
      if (isLocked && isAt(path, file)) {
        return () => {
          unlinkQuietly(path);
          closeSync(file);
        };
      }
      closeSync(file);
      // The one before has removed the file that we had opened.
      if (isLocked) continue;
      if (patience.isOver) {
        throw new CleanupError(
          `another run holds ${printable(path)}; nothing was done`,
          'try again when it has ended',
          EXIT.locked,
        );
      }
      await sleep(PAUSE_MS);
    }
  } catch (error) {
    throw explained(
      error,
      `${printable(path)}: can't be locked`,
      'nothing was changed; the run must be able to write in this directory, on a file system that has locks (flock)',
    );
  }
}

function openLock(path: string): number {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !isOwn(there)) {
    throw new CleanupError(
      `${printable(path)}: belongs to user ${there.uid}: it is no lock of a run of yours, and keeps every run out`,
      'remove it',
    );
  }
  // Version 1.0 had links for locks.
  if (there?.isSymbolicLink()) unlinkQuietly(path);
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  return openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
}
