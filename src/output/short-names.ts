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
  const names = [...new Set(ids)].map(printable);
  const starts = new Set(names.map((name) => name.slice(0, SHORTEST)));
  const needed = new Map<string, number>();
  // In their order a name has most in common with the one before it or the one behind it.
  const sorted = starts.size === names.length ? [] : names.sort();
  for (const [at, name] of sorted.entries()) {
    const most = Math.max(inCommon(name, sorted[at - 1]), inCommon(name, sorted[at + 1]));
    if (most >= SHORTEST) needed.set(name, most + 1);
  }
  return (id) => {
    const name = printable(id);
    return name.length <= room ? name : beginning(name, needed.get(name) ?? SHORTEST);
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
