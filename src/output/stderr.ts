import { PROGRAM } from '../name.js';
import { type Finding, findingLine } from './finding.js';
import { goesToJournal } from './journal-stream.js';

// sd-daemon(3): journald reads a line's priority from its beginning.
const PRIORITY = { problem: '<3>', warning: '<4>', ok: '<6>' } as const;
const WORD = { problem: 'error', warning: 'warning', ok: 'ok' } as const;

/**
 * One line on standard error for each finding; with journald behind it, `journalctl -p warning` finds
 * them.
 */
export function printProblems(findings: readonly Finding[]): void {
  const isJournal = goesToJournal(2);
  for (const finding of findings) {
    const prefix = isJournal ? PRIORITY[finding.level] : '';
    console.error(`${prefix}${PROGRAM}: ${WORD[finding.level]}: ${findingLine(finding)}`);
  }
}
