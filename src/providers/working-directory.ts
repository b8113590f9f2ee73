import { dirname, join } from 'node:path';
import { readBeginning } from '../system/read-beginning.js';

const MOST_BYTES = 64 * 1024;
// Inside a message the quotes would be escaped.
const CWD = /(?<!\\)"cwd":\s*("(?:[^"\\]|\\.)*")/;

/**
 * The working directory that a transcript of Claude Code (1.0.44 to 2.1.330: in its messages) or Codex
 * CLI (0.20 to 0.169: in its first line) names near its beginning; undefined when it names none, or
 * can't be read.
 */
export function directoryInside(transcript: string): string | undefined {
  try {
    const found = CWD.exec(readBeginning(transcript, MOST_BYTES).text)?.[1];
    return found === undefined ? undefined : String(JSON.parse(found));
  } catch {
    return undefined;
  }
}

/**
 * The directory that Gemini CLI (0.30 to 0.61) names in `.project_root` beside `chats`; undefined when
 * there is no such file.
 */
export function directoryBeside(transcript: string): string | undefined {
  try {
    const file = join(dirname(dirname(transcript)), '.project_root');
    return readBeginning(file, MOST_BYTES).text.trim();
  } catch {
    return undefined;
  }
}
