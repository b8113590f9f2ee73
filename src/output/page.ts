import { mayBeTerminal } from './streams.js';

const same = (text: string): string => text;
const PLAIN = { bold: same, dim: same, red: same, yellow: same, green: same, cyan: same };

/**
 * The colours for standard output. A run that paints nothing does not load what paints.
 *
 * @param color true or false when it was asked for; undefined leaves it to the terminal
 */
export async function colorsFor(color: boolean | undefined): Promise<typeof PLAIN> {
  if (color === false || (color === undefined && !mayBeTerminal())) return PLAIN;
  // chalk would take a variable that is set to nothing for a wish.
  if (process.env['FORCE_COLOR'] === '') delete process.env['FORCE_COLOR'];
  const { terminalColors } = await import('./terminal.js');
  return terminalColors(color);
}

/**
 * A page's text in pieces, which are not held all at once.
 *
 * @param width of the terminal in cells, over which no line goes; undefined for none
 * @param indent what each further line begins with where one takes several
 */
export async function page(
  lines: Iterable<string>,
  width: number | undefined,
  indent: string,
): Promise<Iterable<string>> {
  const wrapped = width === undefined ? undefined : (await import('./terminal.js')).wrapped;
  return (function* () {
    for (const line of lines) {
      if (width === undefined || wrapped === undefined) yield `${line}\n`;
      else for (const part of wrapped(line, width, indent)) yield `${part}\n`;
    }
  })();
}
