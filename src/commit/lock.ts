import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, EXIT, errorCode, reason } from '../errors.js';
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
      const file = openLock(path, constants.O_RDWR | constants.O_CREAT);
      const isLocked = kernel.lock(file, 'exclusive');
      if (isLocked && isAt(path, file)) {
        nameHolder(file);
        return () => {
          unlinkQuietly(path);
          closeSync(file);
        };
      }
      const holder = holderIn(file);
      closeSync(file);
      // The one before has removed the file that we had opened.
      if (isLocked) continue;
      if (patience.isOver) {
        throw new CleanupError(
          `another run (${holder}) holds ${printable(path)}; nothing was done`,
          'try again when it has ended',
          EXIT.locked,
        );
      }
      await sleep(PAUSE_MS);
    }
  } catch (error) {
    if (error instanceof CleanupError) throw error;
    throw new CleanupError(
      `${printable(path)}: can't be locked: ${reason(error)}; nothing was changed`,
      'the run must be able to write in this directory, on a file system that has locks (flock)',
    );
  }
}

/**
 * Who holds the lock right now, in words; undefined when nobody does.
 *
 * @throws CleanupError when another user has put something in its place, or the kernel can't be asked
 */
export function lockHolder(directory: string, kernel = loadKernel()): string | undefined {
  try {
    const file = openLock(join(directory, LOCK_NAME), constants.O_RDONLY);
    try {
      return kernel.lock(file, 'shared') ? undefined : holderIn(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function openLock(path: string, flags: number): number {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !isOwn(there)) {
    throw new CleanupError(
      `${printable(path)}: belongs to user ${there.uid}: it is no lock of a run of yours, and keeps every run out`,
      'remove it',
    );
  }
  // Version 1.0 had links for locks.
  if (there?.isSymbolicLink()) unlinkQuietly(path);
  const file = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  const opened = fstatSync(file);
  if (opened.isFile() && isOwn(opened)) return file;
  closeSync(file);
  throw new CleanupError(`${printable(path)}: no regular file of yours`, 'remove it');
}

/** A hint for people only: what holds is the kernel's lock. */
function nameHolder(file: number): void {
  try {
    ftruncateSync(file);
    writeSync(file, `${process.pid}\n`, 0);
  } catch {
    // A full disk.
  }
}

function holderIn(file: number): string {
  const pid = Number(readFileSync(file, 'latin1'));
  return pid > 0 ? `process ${pid}` : 'of an unknown process';
}
