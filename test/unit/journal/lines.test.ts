import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { type Line, linesFromEnd } from '../../../src/journal/lines.js';

const PIECE = 256 * 1024;

function linesOf(content: string | Buffer): Line[] {
  const directory = mkdtempSync(join(tmpdir(), 'lines-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'lines');
  writeFileSync(path, content);
  const file = openSync(path, 'r');
  const lines = [...linesFromEnd(file, statSync(path).size)];
  closeSync(file);
  return lines.toReversed();
}

/** As a text of that many bytes, so that lines begin and end anywhere in the pieces that are read. */
const line = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\n', '')),
  fc
    .constantFrom(0, 1, PIECE - 2, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE)
    .map((n) => 'x'.repeat(n)),
);

it('gives the lines of a file, with their places', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), fc.string({ maxLength: 3 }), (texts, rest) => {
      const end = rest.replaceAll('\n', '');
      const content = texts.map((text) => `${text}\n`).join('') + end;
      const bytes = Buffer.from(content);
      const lines = linesOf(bytes);
      expect(lines.map(({ text }) => text)).toEqual(end === '' ? texts : [...texts, end]);
      for (const { text, start, end: lineEnd, isEnded } of lines) {
        expect(bytes.toString('utf8', start, lineEnd)).toBe(isEnded ? `${text}\n` : text);
      }
    }),
    { numRuns: 60 },
  );
});
