import { mayBeTerminal } from './streams.js';

/** What the reports are painted with. */
export type Colors = Readonly<
  Record<'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan', (text: string) => string>
>;

const same = (text: string): string => text;
const PLAIN: Colors = { bold: same, dim: same, red: same, yellow: same, green: same, cyan: same };

/**
 * The colours for standard output. A run that paints nothing does not load chalk.
 *
 * @param color true or false when it was asked for; undefined leaves it to the terminal
 */
export async function colorsFor(color: boolean | undefined): Promise<Colors> {
  if (color === false || (color === undefined && !mayBeTerminal())) return PLAIN;
  // chalk would take a variable that is set to nothing for a wish.
  if (process.env['FORCE_COLOR'] === '') delete process.env['FORCE_COLOR'];
  const { Chalk, supportsColor } = await import('chalk');
  const terminal = supportsColor ? supportsColor.level : 0;
  return new Chalk({ level: color ? (Math.max(1, terminal) as typeof terminal) : terminal });
}
