import { fstatSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CleanupError, errorCode, reason } from '../errors.js';
import { PROGRAM } from '../name.js';
import { type Finding, findingLine } from './finding.js';

// sd-daemon(3): journald reads a line's priority from its beginning.
const PRIORITY = { problem: '<3>', warning: '<4>', ok: '<6>' } as const;
// The major number of Linux's memory devices, of which /dev/null is one.
const MEMORY_DEVICES = 1;

const PIECE_LENGTH = 64 * 1024;

/**
 * Writes all of it to standard output before it returns.
 *
 * @param text in one piece or in many
 * @throws CleanupError when it can't be written; a reader that has gone away is no error
 */
export async function print(text: Iterable<string>): Promise<void> {
  let piece = '';
  for (const part of typeof text === 'string' ? [text] : text) {
    piece += part;
    if (piece.length < PIECE_LENGTH) continue;
    if (!(await write(piece))) return;
    piece = '';
  }
  await write(piece);
}

/** @returns false when nobody reads any more */
async function write(text: string): Promise<boolean> {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EPIPE') return false;
      if (code !== 'EAGAIN') {
        throw new CleanupError(`can't write to standard output: ${reason(error)}`);
      }
      // A pipe that its reader is slow to empty.
      await sleep(5);
    }
  }
  return true;
}

/** A line on standard error for each finding; in the journal `journalctl -p warning` finds them. */
export function printProblems(findings: readonly Finding[]): void {
  const isJournal = goesToJournal(2);
  for (const finding of findings) {
    const prefix = isJournal ? PRIORITY[finding.level] : '';
    const word = finding.level === 'problem' ? 'error' : finding.level;
    console.error(`${prefix}${PROGRAM}: ${word}: ${findingLine(finding)}`);
  }
}

/** Whether what is written there goes to the journal: systemd names that stream's device and inode. */
export function goesToJournal(file: 1 | 2): boolean {
  const stream = process.env['JOURNAL_STREAM'];
  if (!stream) return false;
  const { dev, ino } = fstatSync(file, { bigint: true });
  return stream === `${dev}:${ino}`;
}

/** Whether standard output may be a terminal: files, pipes and /dev/null are none. Node's tty takes milliseconds to load. */
export function mayBeTerminal(): boolean {
  const stats = fstatSync(1);
  return stats.isCharacterDevice() && stats.rdev >> 8 !== MEMORY_DEVICES;
}

/** How wide the terminal behind standard output is, in cells; undefined where there is none, or it has no size. */
export function terminalWidth(): number | undefined {
  // A terminal that nobody gave a size says 0.
  return mayBeTerminal() ? process.stdout.columns || undefined : undefined;
}
