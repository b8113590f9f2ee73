import { InvalidArgumentError } from 'commander';
import type { RemovalLimit } from '../sessions/decide.js';
import { type HoursRule, Pattern } from './rules.js';

// A hundred years: beyond it the cut-off would be no date any more.
const MAX_HOURS = 876_000;
const MAX_JOURNAL_DAYS = 36_500;

/** Whether a word means yes, whatever its case. */
export function isYes(value: string): boolean {
  return ['1', 'true', 'yes'].includes(value.toLowerCase());
}

/**
 * A switch in the environment.
 *
 * @throws InvalidArgumentError for what is neither yes nor no, as the others here for what makes no sense
 */
export function flag(value: string): boolean {
  if (isYes(value)) return true;
  if (['0', 'false', 'no'].includes(value.toLowerCase())) return false;
  throw new InvalidArgumentError('It takes 1, true or yes, or 0, false or no.');
}

const DECIMAL = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function positive(value: string, most: number, unit: string): number {
  const amount = DECIMAL.test(value.trim()) ? Number(value) : Number.NaN;
  if (!(amount > 0 && amount <= most)) {
    throw new InvalidArgumentError(
      `It takes a positive number of ${unit}, such as 2 or 0.5, and at most ${most}.`,
    );
  }
  return amount;
}

/** An idle threshold, in hours. */
export function hours(value: string): number {
  return positive(value, MAX_HOURS, 'hours');
}

/** `--hours`, which can be given several times: `<n>`, or `<pattern>=<n>`. */
export function hoursRules(value: string, earlier: readonly HoursRule[] = []): HoursRule[] {
  const at = value.lastIndexOf('=');
  const pattern = at < 0 ? undefined : patternOf(value.slice(0, at));
  return [...earlier, { pattern, hours: hours(value.slice(at + 1)) }];
}

/** `--keep`, which can be given several times. */
export function patterns(value: string, earlier: readonly Pattern[] = []): Pattern[] {
  return [...earlier, patternOf(value)];
}

function patternOf(value: string): Pattern {
  if (value.trim() !== '') return new Pattern(value);
  throw new InvalidArgumentError("It takes a pattern, such as 'claude-cli/ops-*'.");
}

/** How long removed mappings can be restored, in days. */
export function journalDays(value: string): number {
  return positive(value, MAX_JOURNAL_DAYS, 'days');
}

/** The most mappings that may go: a number or a share. */
export function removalLimit(value: string): RemovalLimit {
  const found = /^(\d{1,9})(%?)$/.exec(value.trim());
  const most = Number(found?.[1]);
  if (found === null || (found[2] === '%' && most > 100)) {
    throw new InvalidArgumentError(
      'It takes a number of mappings, such as 20, or a share, such as 50%.',
    );
  }
  return { kind: found[2] === '%' ? 'percent' : 'count', most };
}

/** The running bridge's address. */
export function bridgeUrl(value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidArgumentError(
      'It takes an http or https address, such as http://127.0.0.1:8000.',
    );
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new InvalidArgumentError('It takes an address without user, password, ? or #.');
  }
  return url;
}

/** Any text but an empty one; `what` it is, in words. */
export function text(what: string): (value: string) => string {
  return (value) => {
    if (value === '' || value.includes('\0')) throw new InvalidArgumentError(`It takes a ${what}.`);
    return value;
  };
}
