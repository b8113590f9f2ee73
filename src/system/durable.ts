import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { errorCode } from '../errors.js';

/** Writes the whole of `data` at the file's position. */
export function writeFully(file: number, data: string | Uint8Array): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(file, bytes, written);
  }
}

/** Sees a directory's names safely on the disk, where the file system can. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } catch (error) {
    if (errorCode(error) !== 'EINVAL') throw error;
  } finally {
    closeSync(handle);
  }
}
