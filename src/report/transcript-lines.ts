import { printable } from '../output/printable.js';
import { resumeWords } from '../providers/index.js';
import type { Mapping } from '../session-map/parse.js';

/** Where a session's transcript lies, and the command that takes the session up again, if there is one. */
export function transcriptLines(mapping: Mapping, transcript: string): string[] {
  const words = resumeWords(mapping, transcript);
  const lines = [`Transcript: ${printable(transcript)}`];
  return words.length === 0 ? lines : [...lines, `Resume: ${printable(words.join(' '))}`];
}
