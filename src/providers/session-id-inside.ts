import { lastMember, outline } from '../session-map/json-outline.js';
import { readBeginning } from '../system/read-beginning.js';

// The id stands near the top; a first line can go on for long behind it.
const SIZES = [4 * 1024, 64 * 1024, 1024 * 1024] as const;
// One for all files: fresh memory for each costs more than the reading.
const FIRST = Buffer.alloc(SIZES[0]);

/**
 * The `sessionId` of the first JSON object in a transcript (Gemini CLI 0.10 to 0.61, Claude Code
 * 2.0.55's sub-agents), or undefined when its first MiB has none.
 *
 * @throws the system call's error when the file can't be read
 */
export function sessionIdInside(path: string): string | undefined {
  for (const { text, isWhole } of beginnings(path)) {
    const found = sessionIdIn(text, isWhole);
    if (found !== undefined) return found;
  }
  return undefined;
}

// In a text inside the line the quotes would be escaped.
const PARENT = /"(?:parent_thread_id|session_id)":\s*"([^"\\]+)"/g;

/**
 * The threads that the first line of a Codex rollout names besides its own (0.169: `parent_thread_id`,
 * and in `session_id` the one that a person talks to); none when it can't be read.
 */
export function parentsInside(path: string): readonly string[] {
  try {
    for (const { text } of beginnings(path)) {
      const line = text.split('\n', 1)[0] ?? '';
      const parents = [...line.matchAll(PARENT)].flatMap(([, parent]) => parent ?? []);
      // They stand before the long instructions.
      if (parents.length > 0 || line.length < text.length) return parents;
    }
  } catch {
    // Gone meanwhile.
  }
  return [];
}

/** The beginning of a file, then more of it, until it is whole. */
function* beginnings(
  path: string,
): Generator<{ readonly text: string; readonly isWhole: boolean }> {
  for (const size of SIZES) {
    const buffer = size === FIRST.length ? FIRST : Buffer.alloc(size);
    const length = readBeginning(path, buffer);
    const isWhole = length < size;
    yield { text: buffer.toString('utf8', 0, length), isWhole };
    if (isWhole) return;
  }
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
