import { errorCode, reason } from '../errors.js';

/** Something that keeps sessions from being judged. */
export interface Obstacle {
  readonly path: string;
  /** `unclear`: it can be read, but not be told whose it is. */
  readonly kind: 'unreadable' | 'unclear';
  readonly reason: string;
  /** What to do about it. */
  readonly fix: string;
}

/** What is in the way, in words that follow its path. */
export function inWords({ kind, reason }: Obstacle): string {
  const what = kind === 'unreadable' ? "can't be read" : "can't be told whose it is";
  return `${what}: ${reason}`;
}

// What Node shows for bytes that are no UTF-8. By such a name nothing is found again.
const NOT_UTF_8 = '\uFFFD';
const PERMISSIONS = 'run as the user that the CLIs run as, or mend its permissions';

/**
 * What is in the way of a look at a file or directory; undefined when it is gone: CLIs delete and move
 * their own files at any time, and what vanished was not there.
 *
 * @param error the system call's
 */
export function obstacleAt(path: string, error: unknown): Obstacle | undefined {
  const isGone = ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');
  if (!isGone) return { path, kind: 'unreadable', reason: reason(error), fix: PERMISSIONS };
  if (!path.includes(NOT_UTF_8)) return undefined;
  return { path, kind: 'unreadable', reason: 'its name is not UTF-8', fix: 'rename it' };
}

/** A file that only others may read. */
export function forbidden(path: string): Obstacle {
  return { path, kind: 'unreadable', reason: 'permission denied', fix: PERMISSIONS };
}

/** A link whose target is not there. */
export function leadsNowhere(path: string): Obstacle {
  const fix = 'mount the disk that it leads to, or remove the link';
  return { path, kind: 'unreadable', reason: 'it is a link that leads nowhere', fix };
}

/** A session's folder with more in it than a run looks at. */
export function tooMuch(path: string, most: number): Obstacle {
  const reason = `more than ${most} files lie below the session's folder`;
  return { path, kind: 'unreadable', reason, fix: 'move away what is not the session' };
}

/** A file that should say whose it is and doesn't. */
export function nameless(path: string): Obstacle {
  const fix = 'it is damaged, or no transcript: move it to another directory';
  return { path, kind: 'unclear', reason: 'it has no sessionId near its beginning', fix };
}

/** A file whose session id begins with a mapped one. */
export function cutShort(path: string): Obstacle {
  const fix = 'remove that mapping by hand, or put the whole id into it';
  return { path, kind: 'unclear', reason: 'the map has only the beginning of its sessionId', fix };
}
