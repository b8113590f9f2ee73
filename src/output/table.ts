import stringWidth from 'string-width';
import { PLAIN } from './printable.js';

/** What stands between two columns. */
export const GAP = '  ';

/**
 * Rows of cells as lines, without any rules; what is wider than its column is cut.
 *
 * @param widths of the columns, in a terminal's cells
 */
export function tableLines(
  rows: readonly (readonly string[])[],
  widths: readonly number[],
): string[] {
  return rows.map((row) =>
    row
      .map((cell, column) => padded(cut(cell, widths[column] ?? 0), widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

// Made when it is needed: that takes some milliseconds.
let graphemes: Intl.Segmenter | undefined;

/** A text cut to a width, between two characters. */
export function cut(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${headOf(text, width - 1)}…`;
}

/** As many of a text's characters as fit. */
function headOf(text: string, width: number): string {
  graphemes ??= new Intl.Segmenter();
  let head = '';
  for (const { segment } of graphemes.segment(text)) {
    if (widthOf(head + segment) > width) break;
    head += segment;
  }
  return head;
}

/** How many of a terminal's cells a text takes; colours take none. */
export function widthOf(text: string): number {
  // string-width looks for emoji first, at some cost.
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

// No character takes more.
const MOST_CELLS = 2;
// A date and its time of day are one word.
const WORD = / *(?:\d{4}-\d\d-\d\d \d\d:\d\d|[^ ])+/g;

/**
 * A text over as many lines as it needs. A word that is wider than a line goes over several, too.
 *
 * @param width of the lines in a terminal's cells; undefined for one line, however long
 * @param indent what each line but the first begins with
 */
export function wrapped(text: string, width: number | undefined, indent = ''): string[] {
  if (width === undefined || text.length * MOST_CELLS <= width) return [text];
  const lines: string[] = [];
  let line = '';
  // Word by word: most are plain, and a line as a whole is not.
  let filled = 0;
  for (const [word] of text.matchAll(WORD)) {
    const cells = widthOf(word);
    if (filled + cells <= width) {
      line += word;
      filled += cells;
      continue;
    }
    if (line !== '') lines.push(line);
    line = line === '' ? word : indent + word.replace(/^ +/, '');
    while (widthOf(line) > width) {
      // A terminal that is narrower than the indent gets one character a line.
      const head = headOf(line, Math.max(width, widthOf(indent) + 2));
      lines.push(head);
      line = indent + line.slice(head.length);
    }
    filled = widthOf(line);
  }
  return [...lines, line];
}
