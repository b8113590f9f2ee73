import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** One system call of a traced run, as strace's fault injection names it. */
export interface SystemCall {
  readonly name: string;
  /** The how-manieth call of this name it is in its thread, from 1. */
  readonly when: number;
  /** Its line in the trace. */
  readonly line: string;
}

const TRANSCRIPTS = /\.(?:claude|codex|gemini)[^">]*/;
const LINE = /^(\d+) +(\w+)\((.*)$/;

/**
 * The main thread's system calls on a home's files from taking the lock to the end: whatever the program
 * writes, it writes between them. Of the looks at one transcript, or a directory of them, the first.
 *
 * @param trace the path of a trace that `strace -f -y -o` wrote
 */
export function callsUnderLock(trace: string, home: string): SystemCall[] {
  const counts = new Map<string, number>();
  const calls: SystemCall[] = [];
  const seen = new Set<string>();
  let mainThread: string | undefined;
  let isLocked = false;
  for (const text of readFileSync(trace, 'utf8').split('\n')) {
    const [, thread, name, rest] = LINE.exec(text) ?? [];
    mainThread ??= thread;
    if (name === undefined || rest === undefined || thread !== mainThread) continue;
    const when = (counts.get(name) ?? 0) + 1;
    counts.set(name, when);
    isLocked ||= name === 'flock';
    if (!isLocked || !rest.includes(home)) continue;
    const transcript = TRANSCRIPTS.exec(rest)?.[0];
    if (transcript !== undefined && seen.has(`${name} ${transcript}`)) continue;
    seen.add(`${name} ${transcript}`);
    calls.push({ name, when, line: rest });
  }
  return calls;
}

/** A call in words for a failing test. */
export function describeCall({ name, when, line }: SystemCall): string {
  const path = /[<"](\/[^">]+)[">]/.exec(line)?.[1];
  return `${name} #${when}${path === undefined ? '' : ` (${basename(path)})`}`;
}
