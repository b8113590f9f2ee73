import { constants, fstatSync, lstatSync, openSync } from 'node:fs';

/**
 * Opens a file for reading. A link in its place is refused; a pipe does not hold the run up.
 *
 * @throws the system call's error
 */
export function openForReading(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/** Whether a path is the name of an opened file. */
export function isAt(path: string, file: number): boolean {
  const { ino, nlink } = fstatSync(file);
  return nlink > 0 && lstatSync(path, { throwIfNoEntry: false })?.ino === ino;
}
