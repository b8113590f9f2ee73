import { constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';

/**
 * Opens a file for reading. A link in its place is refused; a pipe does not hold the run up.
 *
 * @throws the system call's error
 */
export function openForReading(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/** A file's text; '' when it can't be read. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Whether a path is the name of an opened file. */
export function isAt(path: string, file: number): boolean {
  const { ino, nlink } = fstatSync(file);
  return nlink > 0 && lstatSync(path, { throwIfNoEntry: false })?.ino === ino;
}
