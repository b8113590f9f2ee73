import { fstatSync } from 'node:fs';

/** Whether what is written there goes to the journal: systemd names that stream's device and inode. */
export function goesToJournal(file: 1 | 2): boolean {
  const stream = process.env['JOURNAL_STREAM'];
  if (!stream) return false;
  try {
    const { dev, ino } = fstatSync(file, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
