import { closeSync, openSync, readSync } from 'node:fs';
import { lastMember, outline } from '../session-map/json-outline.js';

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
      const found = sessionIdIn(buffer.toString('utf8', 0, length), length < buffer.length);
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

function sessionIdIn(beginning: string, isWhole: boolean): string | undefined {
  const known = memberOfWhole(beginning, isWhole);
  if (known !== undefined) return known.sessionId;
  const value = lastMember(outline(beginning, 1), 'sessionId')?.value;
  // A string that reaches the end of what was read may go on.
  return value !== undefined && value.end < beginning.length ? value.string : undefined;
}

/** What a JSON text's one object, or its first line's, has; undefined when that is not there as a whole. */
function memberOfWhole(
  text: string,
  isWhole: boolean,
): { readonly sessionId: string | undefined } | undefined {
  const end = text.indexOf('\n');
  const isObjectLine = end > 0 && text[end - 1] === '}';
  if (!isObjectLine && !isWhole) return undefined;
  try {
    const value: unknown = JSON.parse(isObjectLine ? text.slice(0, end) : text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const { sessionId } = value as { sessionId?: unknown };
    return { sessionId: typeof sessionId === 'string' ? sessionId : undefined };
  } catch {
    return undefined;
  }
}
