import type { Leaving, RemovalJournal } from '../journal/removals.js';
import { removeMappings } from '../session-map/edit.js';
import type { MapLocation } from '../session-map/location.js';
import { keyOf, mappingsOf, type SessionMap } from '../session-map/parse.js';
import { type Committed, commit } from './commit.js';

/** Who has the last word on what is to go. */
export interface FinalCheck {
  /** Looks at everything anew; for the moments before a decision takes effect. */
  refresh(): void;
  /** Whether a session that was to go has become active since, or can't be looked at any more. */
  stays(candidate: Leaving): boolean;
}

/** What became of the candidates, by their keys. */
export interface FileRemoval extends Omit<Committed, 'map'> {
  readonly removed: ReadonlySet<string>;
}

/**
 * Removes mappings from the map's file: those that still name the session that was judged, and that
 * `lastWord` does not hold back. Each is in the journal before the map is touched.
 *
 * @throws CleanupError when nothing could be removed
 */
export async function removeFromFile(
  location: MapLocation,
  candidates: readonly Leaving[],
  journal: RemovalJournal,
  lastWord: FinalCheck,
): Promise<FileRemoval> {
  const byKey = new Map(candidates.map((candidate) => [keyOf(candidate.mapping), candidate]));
  const published = new Set<string>();
  let going = new Map<string, Leaving>();
  let shape: SessionMap['shape'] = 'by-provider';

  const { map, ...committed } = await commit(location, {
    revise(map) {
      lastWord.refresh();
      shape = map.shape;
      going = new Map();
      for (const mapping of mappingsOf(map)) {
        const key = keyOf(mapping);
        const candidate = byKey.get(key);
        if (candidate === undefined || candidate.mapping.session !== mapping.session) continue;
        if (lastWord.stays(candidate)) continue;
        going.set(key, { mapping, lastActivity: candidate.lastActivity });
      }
      return removeMappings(map, (provider, chat) => going.has(keyOf({ provider, chat })));
    },
    announce(publication) {
      journal.announce([...going.values()], shape, publication);
    },
    holds() {
      lastWord.refresh();
      return [...going.values()].every((leaving) => !lastWord.stays(leaving));
    },
    published() {
      for (const key of going.keys()) published.add(key);
    },
  });

  // A chat that is mapped anew by now was not taken out by us.
  const there = new Set((map === undefined ? [] : mappingsOf(map)).map(keyOf));
  return { removed: new Set([...published].filter((key) => !there.has(key))), ...committed };
}
