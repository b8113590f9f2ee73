import { counted } from '../output/counted.js';
import type { Finding } from '../output/finding.js';
import { colorsFor, page } from '../output/page.js';
import { printable } from '../output/printable.js';
import type { TextStyle } from './clean-text.js';
import { JSON_VERSION } from './json.js';

const MARK = { ok: '✅', warning: '⚠️ ', problem: '❌' } as const;
const INDENT = ' '.repeat(12);
const PAINT = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

/** One page, a line for each check, and its fix below it. */
export async function doctorText(
  checks: readonly Finding[],
  { color, quiet }: Pick<TextStyle, 'color'> & { readonly quiet: boolean },
  width: number | undefined,
): Promise<Iterable<string>> {
  const colors = await colorsFor(color);
  const lines = checks
    .filter(({ level }) => !quiet || level === 'problem')
    .flatMap(({ subject, level, message, fix }) => [
      `${MARK[level]} ${colors[PAINT[level]](level.padEnd(7))}  ${printable(subject)}: ${printable(message)}`,
      ...(fix === null ? [] : [`${INDENT}${colors.dim(`→ ${printable(fix)}`)}`]),
    ]);
  const count = (wanted: Finding['level']): number =>
    checks.filter(({ level }) => level === wanted).length;
  const summary = `${counted(count('problem'), 'problem')}, ${counted(count('warning'), 'warning')}`;
  return page([...lines, ...(quiet ? [] : ['', summary])], width, `${INDENT}  `);
}

/** The stable JSON document of `doctor`. */
export function doctorJson(checks: readonly Finding[]): unknown {
  return {
    version: JSON_VERSION,
    command: 'doctor',
    healthy: checks.every(({ level }) => level !== 'problem'),
    checks: checks.map(({ subject, level, message, fix }) => ({ subject, level, message, fix })),
  };
}
