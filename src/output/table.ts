import Table from 'cli-table3';
import stringWidth from 'string-width';

/** What stands between two columns. */
export const GAP = '  ';

const NO_LINES = Object.fromEntries(
  ['top', 'bottom', 'left', 'mid', 'right'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((part) => [`${side}${part}`, '']),
  ),
);
const STYLE = {
  chars: { ...NO_LINES, 'left-mid': '', 'mid-mid': '', 'right-mid': '', middle: GAP },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
};

// cli-table3 compares every row with all rows above it.
const ROWS_AT_ONCE = 20;

/**
 * Rows of cells as lines, without any rules; what is wider than its column is cut.
 *
 * @param widths of the columns, in a terminal's cells
 */
export function tableLines(
  rows: readonly (readonly string[])[],
  widths: readonly number[],
): string[] {
  const lines: string[] = [];
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    const table = new Table({ ...STYLE, colWidths: [...widths] });
    const some = rows.slice(at, at + ROWS_AT_ONCE);
    table.push(...some.map((row) => row.map((cell, column) => cut(cell, widths[column] ?? 0))));
    lines.push(...linesOf(table));
  }
  return lines;
}

const graphemes = new Intl.Segmenter();

/** A text cut to a width, between two characters: cli-table3 would cut one in two. */
function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    if (widthOf(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

const ASCII = /^[ -~]*$/;

/** How many of a terminal's cells a text takes. */
export function widthOf(text: string): number {
  // string-width looks for emoji first, at some cost.
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** A text over as many lines as it needs; a word that is wider than a line is cut. */
export function wrapped(text: string, width: number): string[] {
  const table = new Table({ ...STYLE, colWidths: [width], wordWrap: true });
  table.push([text]);
  return linesOf(table);
}

function linesOf(table: Table.Table): string[] {
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}
