/** One line of the doctor's page. */
export interface Check {
  readonly subject: string;
  readonly level: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do about it, or with it; null where there is nothing to do. */
  readonly fix: string | null;
}

/** All is well with this. */
export function ok(subject: string, message: string): Check {
  return { subject, level: 'ok', message, fix: null };
}

/** It works, but the user should know. */
export function warning(subject: string, message: string, fix: string): Check {
  return { subject, level: 'warning', message, fix };
}

/** Cleaning does not work, or not for all, because of this. */
export function problem(subject: string, message: string, fix: string): Check {
  return { subject, level: 'problem', message, fix };
}
