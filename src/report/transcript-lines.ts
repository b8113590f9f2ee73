import { printable } from '../output/printable.js';
import { resumeWords } from '../providers/index.js';
import type { Mapping } from '../session-map/parse.js';

/** The command that takes a session up again, printable; undefined where its CLI has none. */
export function resumeCommand(
  mapping: Pick<Mapping, 'family' | 'session'>,
  transcript: string,
): string | undefined {
  return printable(resumeWords(mapping, transcript).join(' ')) || undefined;
}

/** Where a session's transcript lies, and the command that takes the session up again, if there is one. */
export function transcriptLines(mapping: Mapping, transcript: string): string[] {
  const command = resumeCommand(mapping, transcript);
  const lines = [`Transcript: ${printable(transcript)}`];
  return command === undefined ? lines : [...lines, `Resume: ${command}`];
}
