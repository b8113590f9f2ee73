import type { Leaving, RemovalJournal } from '../journal/removals.js';
import { ByChat } from '../session-map/by-chat.js';
import { removeMappings } from '../session-map/edit.js';
import type { MapLocation } from '../session-map/location.js';
import { mappingsOf, type SessionMap } from '../session-map/parse.js';
import type { MapSnapshot } from '../session-map/read.js';
import { type CommitEnd, commit } from './commit.js';
import { loadKernel } from './kernel.js';

/** Who has the last word on what is to go. */
export interface FinalCheck {
  /** Looks at everything anew; for the moments before a decision takes effect. */
  refresh(): void;
  /** Whether a session that was to go has become active since, or can't be looked at any more. */
  stays(candidate: Leaving): boolean;
}

/**
 * Removes mappings from the map's file: those that still name the session that was judged, and that
 * `finalCheck` does not hold back. Each is in the journal before the map is touched.
 *
 * @param known an earlier reading of the map
 * @returns also those that were removed
 * @throws CleanupError when nothing could be removed
 */
export async function removeFromFile(
  location: MapLocation,
  candidates: readonly Leaving[],
  journal: RemovalJournal,
  finalCheck: FinalCheck,
  known?: MapSnapshot,
): Promise<CommitEnd & { readonly removed: ByChat<Leaving> }> {
  const byChat = ByChat.of(candidates, (candidate) => [candidate.mapping, candidate]);
  const plan = (map: SessionMap) => {
    const going = mappingsOf(map).flatMap((mapping) => {
      const candidate = byChat.get(mapping);
      if (candidate === undefined || candidate.mapping.session !== mapping.session) return [];
      const { lastActivity } = candidate;
      return finalCheck.stays(candidate) ? [] : [{ mapping, lastActivity }];
    });
    const goes = ByChat.of(going, ({ mapping }) => [mapping, true]);
    return {
      going,
      text: removeMappings(map, (provider, chat) => goes.has({ provider, chat })),
      announce: () => journal.announce(going, map.shape),
      holds() {
        finalCheck.refresh();
        return !going.some((leaving) => finalCheck.stays(leaving));
      },
    };
  };
  const { made, later, ...end } = await commit(location, plan, loadKernel(), known);
  const went = made.flatMap(({ going }) => going);
  const removed = ByChat.of(went, (leaving) => [leaving.mapping, leaving]);
  // A chat that is mapped anew by now was not taken out by us.
  for (const mapping of mappingsOf(later)) removed.delete(mapping);
  return { removed, ...end };
}
