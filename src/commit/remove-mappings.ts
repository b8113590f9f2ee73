import type { Leaving, RemovalJournal } from '../journal/removals.js';
import { ByChat } from '../session-map/by-chat.js';
import { removeMappings } from '../session-map/edit.js';
import type { MapLocation } from '../session-map/location.js';
import { mappingsOf } from '../session-map/parse.js';
import type { MapSnapshot } from '../session-map/read.js';
import { type Change, type Committed, commit } from './commit.js';

/** Who has the last word on what is to go. */
export interface FinalCheck {
  /** Looks at everything anew; for the moments before a decision takes effect. */
  refresh(): void;
  /** Whether a session that was to go has become active since, or can't be looked at any more. */
  stays(candidate: Leaving): boolean;
}

/** What became of the candidates. */
export interface FileRemoval extends Omit<Committed<Change>, 'made' | 'later'> {
  readonly removed: ByChat<Leaving>;
}

/**
 * Removes mappings from the map's file: those that still name the session that was judged, and that
 * `finalCheck` does not hold back. Each is in the journal before the map is touched.
 *
 * @param known an earlier reading of the map
 * @throws CleanupError when nothing could be removed
 */
export async function removeFromFile(
  location: MapLocation,
  candidates: readonly Leaving[],
  journal: RemovalJournal,
  finalCheck: FinalCheck,
  known?: MapSnapshot,
): Promise<FileRemoval> {
  const byChat = ByChat.of(candidates.map((candidate) => [candidate.mapping, candidate]));
  const { made, later, ...committed } = await commit(
    location,
    (map) => {
      const going = new ByChat<Leaving>();
      for (const mapping of mappingsOf(map)) {
        const candidate = byChat.get(mapping);
        if (candidate === undefined || candidate.mapping.session !== mapping.session) continue;
        if (finalCheck.stays(candidate)) continue;
        going.set(mapping, { mapping, lastActivity: candidate.lastActivity });
      }
      return {
        going,
        text: removeMappings(map, (provider, chat) => going.has({ provider, chat })),
        announce: () => journal.announce([...going.values()], map.shape),
        holds() {
          finalCheck.refresh();
          for (const leaving of going.values()) if (finalCheck.stays(leaving)) return false;
          return true;
        },
      };
    },
    undefined,
    known,
  );
  const [first = new ByChat<Leaving>(), ...rest] = made.map(({ going }) => going);
  for (const leaving of rest.flatMap((going) => [...going.values()]))
    first.set(leaving.mapping, leaving);
  // A chat that is mapped anew by now was not taken out by us.
  for (const mapping of later === undefined ? [] : mappingsOf(later)) first.delete(mapping);
  return { removed: first, ...committed };
}
