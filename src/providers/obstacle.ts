import { lstatSync } from 'node:fs';
import { errorCode, reason } from '../errors.js';

/** Something that keeps sessions from being judged. */
export interface Obstacle {
  readonly path: string;
  /** What is in the way, in words that follow the path. */
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}

// What Node shows for bytes that are no UTF-8. By such a name nothing is found again.
const NOT_UTF_8 = '\uFFFD';

/**
 * What is in the way of a look at a file or directory; undefined when it is gone: CLIs delete and move
 * their own files at any time, and what vanished was not there.
 *
 * @param error the system call's
 */
export function obstacleAt(path: string, error: unknown): Obstacle | undefined {
  const code = errorCode(error);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return unreadable(path, reason(error));
  if (path.includes(NOT_UTF_8)) return unreadable(path, 'its name is not UTF-8', 'rename it');
  if (code === 'ENOTDIR' || !isLink(path)) return undefined;
  const fix = 'mount the disk that it leads to, or remove the link';
  return unreadable(path, 'it is a link that leads nowhere', fix);
}

/** A file or directory that can't be looked at. */
export function unreadable(
  path: string,
  why: string,
  fix = 'run as the user that the CLIs run as, or mend its permissions',
): Obstacle {
  return { path, message: `can't be read: ${why}`, fix };
}

/** A file that should say whose it is and doesn't. */
export function nameless(path: string): Obstacle {
  const message = "can't be told whose it is: it has no sessionId near its beginning";
  return { path, message, fix: 'it is damaged, or no transcript: move it to another directory' };
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
