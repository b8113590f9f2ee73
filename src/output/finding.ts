import { printable } from './printable.js';

/** Something that a run, doctor or a sweep has to tell. */
export interface Finding {
  /** `warning`: it works, but the user should know. `problem`: something does not work because of this. */
  readonly level: 'ok' | 'warning' | 'problem';
  /** What it is about: a path, a chat, a CLI, a part of the installation; '' where the message says it. */
  readonly subject: string;
  readonly message: string;
  /** What to do about it; null where there is nothing to do. */
  readonly fix: string | null;
}

/** All is well with this. */
export function ok(subject: string, message: string): Finding {
  return { level: 'ok', subject, message, fix: null };
}

/** It works, but the user should know. */
export function warning(subject: string, message: string, fix: string | null = null): Finding {
  return { level: 'warning', subject, message, fix };
}

/** Something does not work, or not for all, because of this. */
export function problem(subject: string, message: string, fix: string | null = null): Finding {
  return { level: 'problem', subject, message, fix };
}

/** A finding in one printable line: what it is about, what is wrong and what to do. */
export function findingLine({ subject, message, fix }: Omit<Finding, 'level'>): string {
  const about = subject === '' ? '' : `${subject}: `;
  return printable(`${about}${message}${fix === null ? '' : `; ${fix}`}`);
}
