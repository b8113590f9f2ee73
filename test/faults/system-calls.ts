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

const LOCK = '.session_map.cleanup.lock"';
// Its name after an exchange of names, and without one.
const SWAPPED_OUT = /\.session_map\.json\.[0-9a-f]+\.(?:tmp|old)[">]/;
const LOOKS = 6;
const LINE = /^(\d+) +(\w+)\((.*)$/;

/**
 * The main thread's system calls on a home's files from taking the lock to giving it back: whatever the
 * program writes, it writes between them.
 *
 * @param trace the path of a trace that `strace -f -y -o` wrote
 */
export function callsUnderLock(trace: string, home: string): SystemCall[] {
  const counts = new Map<string, number>();
  const calls: SystemCall[] = [];
  const looks = new Map<string, number>();
  // The old map is looked at again and again until it is quiet: a few of these looks stand for all.
  const isOneOfMany = (name: string, rest: string): boolean => {
    if (!SWAPPED_OUT.test(rest)) return false;
    looks.set(name, (looks.get(name) ?? 0) + 1);
    return (looks.get(name) ?? 0) > LOOKS;
  };
  let mainThread: string | undefined;
  let isLocked = false;
  for (const text of readFileSync(trace, 'utf8').split('\n')) {
    const [, thread, name, rest] = LINE.exec(text) ?? [];
    mainThread ??= thread;
    if (name === undefined || rest === undefined || thread !== mainThread) continue;
    const when = (counts.get(name) ?? 0) + 1;
    counts.set(name, when);
    if (name.startsWith('symlink') && rest.includes(LOCK)) isLocked = true;
    if (isLocked && rest.includes(home) && !isOneOfMany(name, rest)) {
      calls.push({ name, when, line: rest });
    }
    if (name.startsWith('unlink') && rest.includes(LOCK)) isLocked = false;
  }
  return calls;
}

/** A call in words for a failing test. */
export function describeCall({ name, when, line }: SystemCall): string {
  const path = /[<"](\/[^">]+)[">]/.exec(line)?.[1];
  return `${name} #${when}${path === undefined ? '' : ` (${basename(path)})`}`;
}
