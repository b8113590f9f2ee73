/** The process's exit statuses (the contract of the command line). */
export const EXIT = { done: 0, failed: 1, usage: 2, locked: 75 } as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** An error whose message is one clear line for the user: what is wrong, with which file, what to do. */
export class CleanupError extends Error {
  /**
   * @param told what is wrong, with which file
   * @param fix what to do about it; null where that is plain
   */
  constructor(
    readonly told: string,
    readonly fix: string | null = null,
    readonly exitStatus: ExitStatus = EXIT.failed,
  ) {
    super(fix === null ? told : `${told}; ${fix}`);
    this.name = 'CleanupError';
  }
}

/** The command line or the environment asks for something that does not exist (exit status 2). */
export class UsageError extends CleanupError {
  constructor(message: string) {
    super(message, null, EXIT.usage);
    this.name = 'UsageError';
  }
}

/** The errno name of a failed system call (`ENOENT`), or undefined for any other value. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'disk quota exceeded',
  EROFS: 'the file system is read-only',
  EIO: 'input/output error',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
  EINTR: 'interrupted',
  EBUSY:
    'it is a mount point of its own, which nothing can be renamed over; mount its directory instead',
};

/** A failed system call in words, without the path (the caller names it). */
export function reason(error: unknown): string {
  const code = errorCode(error);
  if (code !== undefined) return REASONS[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}

/**
 * A failed system call as an error with one clear line; every other error as it is.
 *
 * @param about the file or directory that it concerns, printable
 * @param consequence what it means for the user
 */
export function explained(error: unknown, about: string, consequence: string): unknown {
  if (error instanceof CleanupError || errorCode(error) === undefined) return error;
  return new CleanupError(`${about}: ${reason(error)}; ${consequence}`);
}
