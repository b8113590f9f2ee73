import { lastMember, outline } from '../session-map/json-outline.js';
import { isRecord, parseJson } from '../system/json.js';
import { readBeginning } from '../system/read-beginning.js';

// An id stands near the top; a first line can go on for long behind it.
const SIZES = [4 * 1024, 64 * 1024, 1024 * 1024];

/**
 * The `sessionId` of the first JSON object in a transcript (Gemini CLI 0.10 to 0.61, Claude Code
 * 2.0.55's sub-agents); none when its first MiB has none.
 *
 * @throws the system call's error when the file can't be read
 */
export function sessionsInside(path: string): readonly string[] {
  return inBeginning(path, (text) => {
    const [line = ''] = text.split('\n', 1);
    const first = parseJson(line);
    if (isRecord(first) && typeof first['sessionId'] === 'string') return [first['sessionId']];
    // An object of several lines, or a line that is cut here, perhaps in the midst of the id.
    const value = lastMember(outline(text, 1), 'sessionId')?.value;
    if (value?.string === undefined || value.end >= text.length) return undefined;
    return [value.string];
  });
}

// In a text inside the line the quotes would be escaped.
const PARENT = /"(?:parent_thread_id|session_id)":\s*"([^"\\]+)"/g;

/**
 * The threads that the first line of a Codex rollout names besides its own (0.169: `parent_thread_id`,
 * and in `session_id` the one that a person talks to).
 *
 * @throws the system call's error when the file can't be read
 */
export function parentsInside(path: string): readonly string[] {
  return inBeginning(path, (text) => {
    const [line = ''] = text.split('\n', 1);
    const parents = Array.from(line.matchAll(PARENT), ([, parent = '']) => parent);
    // They stand before the long instructions.
    return parents.length > 0 || line.length < text.length ? parents : undefined;
  });
}

/** What is found in the beginning of a file, or in more and more of it; nothing when it isn't there. */
function inBeginning(
  path: string,
  find: (text: string) => readonly string[] | undefined,
): readonly string[] {
  for (const size of SIZES) {
    const { text, isWhole } = readBeginning(path, size);
    const found = find(text);
    if (found !== undefined) return found;
    if (isWhole) break;
  }
  return [];
}
