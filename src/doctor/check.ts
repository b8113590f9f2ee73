import { statSync } from 'node:fs';

/** One line of the doctor's page. */
export interface Check {
  readonly subject: string;
  readonly level: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do about it, or with it; null where there is nothing to do. */
  readonly cure: string | null;
}

/** All is well with this. */
export function ok(subject: string, message: string): Check {
  return { subject, level: 'ok', message, cure: null };
}

/** Something that is run is not there any more. */
export function moved(subject: string, paths: readonly string[]): Check | undefined {
  const gone = paths.find((path) => isGone(path));
  if (gone === undefined) return undefined;
  return problem(subject, `${gone}, which it runs, is not there`, 'run scripts/install.sh again');
}

function isGone(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    // It may be there, where this user can't look.
    return false;
  }
}

/** It works, but the user should know. */
export function warning(subject: string, message: string, cure: string): Check {
  return { subject, level: 'warning', message, cure };
}

/** Cleaning does not work, or not for all, because of this. */
export function problem(subject: string, message: string, cure: string): Check {
  return { subject, level: 'problem', message, cure };
}
