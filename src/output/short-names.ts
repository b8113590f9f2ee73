import { PLAIN, printable } from './printable.js';

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
  for (const crowd of ofOneBeginning(ids)) {
    // In their order an id has most in common with the one before it or the one behind it.
    const sorted = [...crowd].sort();
    for (const [at, id] of sorted.entries()) {
      const most = Math.max(inCommon(id, sorted[at - 1]), inCommon(id, sorted[at + 1]));
      needed.set(id, Math.max(SHORTEST, most + 1));
    }
  }
  return (id) => (id.length <= room ? printable(id) : beginning(id, needed.get(id) ?? SHORTEST));
}

/** The ids that begin alike, where there are several. */
function ofOneBeginning(ids: Iterable<string>): Iterable<ReadonlySet<string>> {
  const first = new Map<string, string>();
  const crowds = new Map<string, Set<string>>();
  for (const id of ids) {
    const start = id.slice(0, SHORTEST);
    const known = first.get(start);
    if (known === undefined) first.set(start, id);
    else if (known !== id) crowds.set(start, (crowds.get(start) ?? new Set([known])).add(id));
  }
  return crowds.values();
}

function inCommon(one: string, other: string | undefined): number {
  if (other === undefined) return 0;
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

function beginning(id: string, length: number): string {
  // A character is up to two units long, and must not be cut in two.
  const start = id.slice(0, 2 * length);
  if (PLAIN.test(start)) return start.slice(0, length);
  return printable(Array.from(start).slice(0, length).join(''));
}
