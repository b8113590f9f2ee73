import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
} from 'node:fs';
import { writeFully } from './durable.js';
import { unlinkQuietly } from './unlink.js';

/**
 * Replaces a file in one step, or makes it.
 *
 * @param content as one text or in pieces
 * @param temp the new file's path until then, in the same directory; nothing may stand there
 * @throws the system call's error; the file is as it was, and there is no temp file
 */
export function replaceFile(
  path: string,
  content: string | Iterable<Uint8Array>,
  { temp, mode }: { readonly temp: string; readonly mode: number },
): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = openSync(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    try {
      // Whatever the umask says. Some file systems have one mode for all files.
      if ((fstatSync(file).mode & 0o777) !== mode) fchmodSync(file, mode);
      for (const piece of typeof content === 'string' ? [content] : content) {
        writeFully(file, piece);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temp, path);
  } catch (error) {
    unlinkQuietly(temp);
    throw error;
  }
}
