import { PROGRAM } from '../name.js';
import { goesToJournal } from './journal-stream.js';
import { printable } from './printable.js';
import type { Problem } from './problems.js';

// sd-daemon(3): journald reads a line's priority from its beginning.
const PRIORITY = { error: '<3>', warning: '<4>' } as const;

/**
 * One line on standard error for each problem; with journald behind it, `journalctl -p warning` finds
 * them.
 */
export function printProblems(problems: readonly Problem[]): void {
  const isJournal = goesToJournal(2);
  for (const { level, message } of problems) {
    const prefix = isJournal ? PRIORITY[level] : '';
    console.error(`${prefix}${PROGRAM}: ${level}: ${printable(message)}`);
  }
}
