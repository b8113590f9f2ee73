import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CleanupError } from '../errors.js';
import { isOwn } from '../system/account.js';

/**
 * Opens a file of ours beside the map. Reading a device might never end; another user's journal could have
 * anything restored. Root, who may look at another user's map, reads what the directory's user has.
 *
 * @returns its descriptor and its size in bytes
 * @throws the system call's error, or CleanupError for what is not ours
 */
export function openOurs(
  path: string,
  flags: number = constants.O_RDONLY,
): { readonly file: number; readonly size: number } {
  const file = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new CleanupError('not a regular file');
    const isUsers = process.geteuid?.() === 0 && stats.uid === statSync(dirname(path)).uid;
    if (isOwn(stats) || isUsers) return { file, size: stats.size };
    throw new CleanupError(`it belongs to user ${stats.uid}; remove it if it is not yours`);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
