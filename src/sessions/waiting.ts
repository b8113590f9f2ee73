import type { Run } from '../journal/last-run.js';
import { keyOf, type Mapping } from '../session-map/parse.js';
import { type Decision, MOST_WAITING, suspiciousPictures } from './decide.js';

/** When runs first saw that mappings have no transcript, by `keyOf`. */
export type WaitingList = Run['missing'];

/** Since when a mapping is known to have no transcript, ms since the epoch; undefined for one that had. */
export function waitingSince(list: WaitingList, mapping: Mapping): number | undefined {
  const known = Object.hasOwn(list, keyOf(mapping)) ? list[keyOf(mapping)] : undefined;
  return known?.session === mapping.session ? Date.parse(known.since) : undefined;
}

/**
 * The list for the next run, bounded. A picture that may be that of a wrong home does not make anybody wait.
 *
 * @param decisions on what is mapped still
 * @param now ms since the epoch
 */
export function nextWaiting(
  before: WaitingList,
  decisions: readonly Decision[],
  now: number,
): WaitingList {
  const doubted = suspiciousPictures(decisions).map(({ family }) => family);
  const isWaiting = ({ state, mapping: { family } }: Decision): boolean =>
    state === 'missing' && family !== undefined && !doubted.includes(family);
  const waiting = decisions.filter(isWaiting).slice(0, MOST_WAITING);
  return Object.fromEntries(
    waiting.map(({ mapping }) => {
      // A time to come is one of a clock that was wrong.
      const since = Math.min(now, waitingSince(before, mapping) ?? now);
      const { session } = mapping;
      return [keyOf(mapping), { session: session ?? '', since: new Date(since).toISOString() }];
    }),
  );
}
