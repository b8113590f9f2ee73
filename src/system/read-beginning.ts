import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * The beginning of a regular file. Links are followed; a pipe is not waited for.
 *
 * @param into takes the bytes; one for many files costs less than fresh memory for each
 * @returns how many bytes were read: fewer than `into` holds when the file ends there
 * @throws the system call's error, or an Error for what is no regular file
 */
export function readBeginning(path: string, into: Buffer): number {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw new Error('not a regular file');
    return readSync(file, into, 0, into.length, 0);
  } finally {
    closeSync(file);
  }
}
