import type { Waiting } from '../journal/last-run.js';
import { keyOf, type Mapping } from '../session-map/parse.js';
import type { Decision } from './decision.js';
import { suspiciousPictures } from './pictures.js';

/** When runs first saw that mappings have no transcript, by `keyOf`. */
export type WaitingList = Readonly<Record<string, Waiting>>;

/**
 * So many mappings of one section without a transcript are not waited for: this bounds the list, and a
 * map that grew for years is cleaned in its first run. A chat that was mapped this moment goes with them.
 */
export const MOST_WAITING = 10_000;

/** The sections with more mappings without a transcript than are waited for. */
export function crowdedSections(
  missing: readonly Pick<Mapping, 'provider'>[],
): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { provider } of missing) counts.set(provider, (counts.get(provider) ?? 0) + 1);
  return new Set([...counts].filter(([, count]) => count > MOST_WAITING).map(([name]) => name));
}

/** Since when a mapping is known to have no transcript, ms since the epoch; undefined for one that had. */
export function waitingSince(list: WaitingList, mapping: Mapping): number | undefined {
  const known = Object.hasOwn(list, keyOf(mapping)) ? list[keyOf(mapping)] : undefined;
  return known?.session === mapping.session ? Date.parse(known.since) : undefined;
}

/**
 * The list for the next run. A picture that may be that of a wrong
 * home does not make anybody wait.
 *
 * @param decisions on what is mapped still
 * @param now ms since the epoch
 */
export function nextWaiting(
  before: WaitingList,
  decisions: readonly Decision[],
  now: number,
): WaitingList {
  const doubted = new Set(suspiciousPictures(decisions).map(({ family }) => family));
  const missing = decisions.filter(
    ({ state, mapping: { family } }) =>
      state === 'missing' && family !== undefined && !doubted.has(family),
  );
  const crowded = crowdedSections(missing.map(({ mapping }) => mapping));
  return Object.fromEntries(
    missing
      .filter(({ mapping }) => !crowded.has(mapping.provider))
      .map(({ mapping }) => {
        const since = waitingSince(before, mapping);
        // A time to come is one of a clock that was wrong.
        const from = since === undefined || since > now ? now : since;
        return [
          keyOf(mapping),
          { session: mapping.session ?? '', since: new Date(from).toISOString() },
        ];
      }),
  );
}
