import type { Leaving, RemovalJournal } from '../journal/removals.js';
import { removeMappings } from '../session-map/edit.js';
import type { MapLocation } from '../session-map/location.js';
import { keyOf, mappingsOf } from '../session-map/parse.js';
import { type Change, type Committed, commit } from './commit.js';

/** Who has the last word on what is to go. */
export interface FinalCheck {
  /** Looks at everything anew; for the moments before a decision takes effect. */
  refresh(): void;
  /** Whether a session that was to go has become active since, or can't be looked at any more. */
  stays(candidate: Leaving): boolean;
}

/** What became of the candidates, by their keys. */
export interface FileRemoval extends Omit<Committed<Change>, 'made' | 'later'> {
  readonly removed: ReadonlySet<string>;
}

/**
 * Removes mappings from the map's file: those that still name the session that was judged, and that
 * `finalCheck` does not hold back. Each is in the journal before the map is touched.
 *
 * @throws CleanupError when nothing could be removed
 */
export async function removeFromFile(
  location: MapLocation,
  candidates: readonly Leaving[],
  journal: RemovalJournal,
  finalCheck: FinalCheck,
): Promise<FileRemoval> {
  const byKey = new Map(candidates.map((candidate) => [keyOf(candidate.mapping), candidate]));
  const { made, later, ...committed } = await commit(location, (map) => {
    const going = new Map<string, Leaving>();
    for (const mapping of mappingsOf(map)) {
      const key = keyOf(mapping);
      const candidate = byKey.get(key);
      if (candidate === undefined || candidate.mapping.session !== mapping.session) continue;
      if (finalCheck.stays(candidate)) continue;
      going.set(key, { mapping, lastActivity: candidate.lastActivity });
    }
    return {
      going,
      text: removeMappings(map, (provider, chat) => going.has(keyOf({ provider, chat }))),
      announce: () => journal.announce([...going.values()], map.shape),
      holds() {
        finalCheck.refresh();
        return ![...going.values()].some((leaving) => finalCheck.stays(leaving));
      },
    };
  });
  const removed = new Set(made.flatMap(({ going }) => [...going.keys()]));
  // A chat that is mapped anew by now was not taken out by us.
  for (const mapping of later === undefined ? [] : mappingsOf(later))
    removed.delete(keyOf(mapping));
  return { removed, ...committed };
}
