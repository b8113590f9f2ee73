import { fstatSync } from 'node:fs';

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
  if (color === false || (color === undefined && !isDevice())) return PLAIN;
  const { Chalk, supportsColor } = await import('chalk');
  const terminal = supportsColor ? supportsColor.level : 0;
  return new Chalk({ level: color ? (Math.max(1, terminal) as typeof terminal) : terminal });
}

/** Files and pipes are no terminals; of devices chalk knows more. */
function isDevice(): boolean {
  try {
    return fstatSync(1).isCharacterDevice();
  } catch {
    return false;
  }
}
