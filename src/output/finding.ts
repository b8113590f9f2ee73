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

export const ok = findingOf('ok');
export const warning = findingOf('warning');
export const problem = findingOf('problem');

function findingOf(level: Finding['level']) {
  return (subject: string, message: string, fix: string | null = null): Finding => {
    return { level, subject, message, fix };
  };
}

/** A finding in one printable line: what it is about, what is wrong and what to do. */
export function findingLine({ subject, message, fix }: Finding): string {
  const about = subject === '' ? '' : `${subject}: `;
  return printable(`${about}${message}${fix === null ? '' : `; ${fix}`}`);
}
