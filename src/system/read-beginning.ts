import { closeSync, constants, openSync, readSync } from 'node:fs';

// One for all files: fresh memory for each costs more than the reading.
let buffer = Buffer.alloc(4 * 1024);

/**
 * The beginning of a file as text. Links are followed; a pipe is not waited for, and is an error.
 *
 * @param most how many bytes to read at most
 * @returns `isWhole`: the file has fewer bytes
 * @throws the system call's error
 */
export function readBeginning(
  path: string,
  most: number,
): { readonly text: string; readonly isWhole: boolean } {
  if (buffer.length < most) buffer = Buffer.alloc(most);
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const length = readSync(file, buffer, 0, most, 0);
    return { text: buffer.toString('utf8', 0, length), isWhole: length < most };
  } finally {
    closeSync(file);
  }
}
