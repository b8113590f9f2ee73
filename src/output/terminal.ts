import stringWidth from 'string-width';
import { PLAIN } from './printable.js';

/** A column of a table. */
export interface Column {
  /** From its heading down. */
  readonly cells: readonly string[];
  /** In a terminal's cells; what is wider is cut. */
  readonly width: number;
}

const GAP = '  ';

/** @param isWanted whatever the terminal can show */
export async function terminalColors(isWanted = false) {
  // It looks at the terminal when it is loaded, which takes Node 3 ms.
  const { Chalk, supportsColor } = await import('chalk');
  const level = supportsColor ? supportsColor.level : 0;
  return new Chalk({ level: isWanted && level === 0 ? 1 : level });
}

/** The lines of a table without any rules. */
export function tableLines(columns: readonly Column[]): string[] {
  const cells = columns[0]?.cells ?? [];
  return cells.map((_, row) =>
    columns
      .map((column) => fitted(column.cells[row] ?? '', column.width))
      .join(GAP)
      .trimEnd(),
  );
}

/** How many of a terminal's cells a table takes. */
export function tableWidth(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + GAP.length + width, -GAP.length);
}

function fitted(text: string, width: number): string {
  const shown = widthOf(text) <= width ? text : `${headOf(text, width - 1)}…`;
  return shown + ' '.repeat(width - widthOf(shown));
}

/** How many of a terminal's cells a text takes; colours take none. */
export function widthOf(text: string): number {
  // string-width looks for emoji first, at some cost.
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

// A colour's beginning or end is one, too; U+FE0F makes an emoji of the character before it.
const CHARACTER = /\p{Cc}\[\d+m|.\ufe0f?/gsu;
const WIDEST = 3;

/** As many of a text's characters as fit. */
function headOf(text: string, width: number): string {
  let [cells, length] = [0, 0];
  for (const [character] of text.matchAll(CHARACTER)) {
    cells += widthOf(character);
    if (cells > width) break;
    length += character.length;
  }
  return text.slice(0, length);
}

// Up to the last blank; that between a date and its time of day does not count.
const WORDS = /^.*\S(?<!\d{4}-\d\d-\d\d)(?= )/su;

/**
 * A text over as many lines as it needs. A word that is wider than a line goes over several, too.
 *
 * @param width of the lines in a terminal's cells
 * @param indent the blanks that each line but the first begins with
 */
export function wrapped(text: string, width: number, indent = ''): string[] {
  // A terminal that is narrower than the indent gets a character a line.
  const room = Math.max(width, indent.length + WIDEST);
  const lines: string[] = [];
  let rest = text;
  while (widthOf(rest) > room) {
    const head = headOf(rest, room);
    const [words = head] = WORDS.exec(rest.slice(0, head.length + 1)) ?? [];
    lines.push(words);
    rest = indent + rest.slice(words.length).trimStart();
  }
  return [...lines, rest];
}
