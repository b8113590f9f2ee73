import { closeSync, openSync, readSync } from 'node:fs';
import { lastMember, outline } from '../json-outline.js';

// The id stands near the top; a first line can go on for long behind it.
const LONGER_BYTES = [64 * 1024, 1024 * 1024] as const;
// One for all files: fresh memory for each costs more than the reading.
const FIRST = Buffer.alloc(4 * 1024);

/**
 * The `sessionId` of the first JSON object in a transcript (Gemini CLI 0.10 to 0.61, Claude Code
 * 2.0.55's sub-agents), or undefined when its first MiB has none.
 *
 * @throws the system call's error when the file can't be read
 */
export function sessionIdInside(path: string): string | undefined {
  const file = openSync(path, 'r');
  try {
    for (const buffer of buffers()) {
      const length = readSync(file, buffer, 0, buffer.length, 0);
      const found = sessionIdIn(buffer.toString('utf8', 0, length));
      if (found !== undefined || length < buffer.length) return found;
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}

function* buffers(): Generator<Buffer> {
  yield FIRST;
  for (const size of LONGER_BYTES) yield Buffer.alloc(size);
}

function sessionIdIn(beginning: string): string | undefined {
  const value = lastMember(outline(beginning, 1), 'sessionId')?.value;
  // A string that reaches the end of what was read may go on.
  return value !== undefined && value.end < beginning.length ? value.string : undefined;
}
