import { readFileSync } from 'node:fs';

// States of a process that has ended, though its parent has not yet asked how.
const ENDED = ['Z', 'X'];

/** When a process began (field 22 of /proc/<pid>/stat); undefined when there is none, or it has ended. */
export function processStart(pid: number): string | undefined {
  // The name in field 2 may hold anything, spaces and brackets too.
  const stat = statOf(pid);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ENDED.includes(fields[0] ?? '') ? undefined : fields[19];
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}
