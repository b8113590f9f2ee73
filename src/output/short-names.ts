import { printable } from './printable.js';

const SHORTEST = 8;

/**
 * Names ids so that none is taken for another: each by the shortest beginning that no other one has, of 8
 * characters at least.
 *
 * @param ids all that are shown together
 * @param room an id of so many characters is named whole
 * @returns an id's name, printable
 */
export function shortNames(ids: Iterable<string>, room = 0): (id: string) => string {
  const needed = new Map<string, number>();
  // In their order an id has most in common with the one before it or the one behind it.
  const sorted = [...new Set(ids)].map(printable).sort();
  for (const [at, id] of sorted.entries()) {
    const most = Math.max(inCommon(id, sorted[at - 1]), inCommon(id, sorted[at + 1]));
    if (most >= SHORTEST) needed.set(id, most + 1);
  }
  return (id) => {
    const whole = printable(id);
    return whole.length <= room ? whole : beginning(whole, needed.get(whole) ?? SHORTEST);
  };
}

function inCommon(one: string, other = ''): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

function beginning(text: string, length: number): string {
  const start = text.slice(0, length);
  // Half of a character that is two units long.
  return /[\ud800-\udbff]$/.test(start) ? text.slice(0, length + 1) : start;
}
