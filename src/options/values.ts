import { resolve } from 'node:path';
import type { RemovalLimit } from '../clean/guards.js';
import { UsageError } from '../errors.js';

// Each of these reads one setting, and throws a UsageError that says what it takes instead.

/** A switch, whatever its case. */
export function yesOrNo(text: string): boolean {
  if (['1', 'true', 'yes'].includes(text.toLowerCase())) return true;
  if (['0', 'false', 'no'].includes(text.toLowerCase())) return false;
  throw new UsageError('It takes 1, true or yes, or 0, false or no.');
}

const DECIMAL = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function positive(text: string, most: number, unit: string): number {
  const amount = DECIMAL.test(text.trim()) ? Number(text) : Number.NaN;
  if (amount > 0 && amount <= most) return amount;
  throw new UsageError(
    `It takes a positive number of ${unit}, such as 2 or 0.5, and at most ${most}.`,
  );
}

/** A time in hours. A hundred years: beyond it the cut-off would be no date any more. */
export const hours = (text: string): number => positive(text, 876_000, 'hours');

/** How long removed mappings can be restored, in days. */
export const journalDays = (text: string): number => positive(text, 36_500, 'days');

/** Whether one of a mapping's names is meant. */
type Matches = (...names: readonly string[]) => boolean;

/** The sections or chats that are meant: `*` stands for any characters, all else for itself. */
export function pattern(text: string): Matches {
  if (text.trim() === '') throw new UsageError("It takes a pattern, such as 'claude-cli/ops-*'.");
  const literal = text.split(/\*+/).map((part) => part.replaceAll(/[^\w\s]/g, '\\$&'));
  const matcher = new RegExp(`^${literal.join('.*')}$`, 's');
  return (...names) => names.some((name) => matcher.test(name));
}

/** An idle threshold; without `matches` that of every session which no pattern is for. */
export interface HoursRule {
  readonly matches: Matches | undefined;
  readonly hours: number;
}

/** A threshold, `<n>` or `<pattern>=<n>`; a pattern may have an `=` in it. */
export function hoursRule(text: string): HoursRule {
  const at = text.lastIndexOf('=');
  const matches = at < 0 ? undefined : pattern(text.slice(0, at));
  return { matches, hours: hours(text.slice(at + 1)) };
}

/** The most mappings that may go: a number or a share. */
export function removalLimit(text: string): RemovalLimit {
  const found = /^(\d{1,9})(%?)$/.exec(text.trim());
  const most = Number(found?.[1]);
  if (found === null || (found[2] === '%' && most > 100)) {
    throw new UsageError('It takes a number of mappings, such as 20, or a share, such as 50%.');
  }
  return { kind: found[2] === '%' ? 'percent' : 'count', most };
}

/** The running bridge's address. */
export function bridgeUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError('It takes an http or https address, such as http://127.0.0.1:8000.');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError('It takes an address without user, password, ? or #.');
  }
  return url;
}

/** Any text but an empty one; `what` it is, in words. */
export function anyText(what: string): (text: string) => string {
  return (text) => {
    if (text === '' || text.includes('\0')) throw new UsageError(`It takes a ${what}.`);
    return text;
  };
}

/** One of these words. */
export function oneOf<T extends string>(...choices: readonly T[]) {
  const parse = (text: string): T => {
    const chosen = choices.find((choice) => choice === text);
    if (chosen === undefined) throw new UsageError(`It takes one of ${choices.join(', ')}.`);
    return chosen;
  };
  return { choices, parse };
}

// What a shell would have taken away or replaced. Units, crontabs and containers have no shell.
const NOT_MEANT: readonly (readonly [RegExp, string])[] = [
  [/^~/, 'A ~ is not expanded here: write the home directory itself'],
  [/^\$\{?\w|^%h/, 'Variables are not expanded here: write the path itself'],
  [/^(["']).*\1$/s, 'Take the quotes away'],
  [/^\s|\s$/, 'Take the blank, the tab or the carriage return at its end away'],
];

/** The path of a file or directory, absolute; `what` it is, in words. */
export function pathTo(what: string): (text: string) => string {
  const nonEmpty = anyText(what);
  return (text) => {
    const path = resolve(nonEmpty(text));
    const [, fix] = NOT_MEANT.find(([pattern]) => pattern.test(text)) ?? [];
    if (fix !== undefined) throw new UsageError(`${fix}.`);
    // Node has put this in the place of each byte that it could not decode.
    if (path.includes('\uFFFD')) {
      throw new UsageError(
        `It takes a ${what} whose path is UTF-8 text: rename it, or link to it.`,
      );
    }
    return path;
  };
}
