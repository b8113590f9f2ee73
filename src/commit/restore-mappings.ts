import { appendToJournal } from '../journal/journal.js';
import { RemovalJournal } from '../journal/removals.js';
import { ByChat } from '../session-map/by-chat.js';
import { type Entry, putMappings } from '../session-map/edit.js';
import type { MapLocation } from '../session-map/location.js';
import { canHold, type Mapping, mappingsOf, type SessionMap } from '../session-map/parse.js';
import { type CommitEnd, commit } from './commit.js';

/** A mapping as it once stood in the map. */
type FormerMapping = Entry & Pick<Mapping, 'session'>;

/**
 * Puts removed mappings back into the map's file, those whose chats are not mapped at that moment.
 *
 * @param entries in the order that they are to stand in
 * @param run the id of this run, for the journal
 * @param replaces whether they take the place of newer mappings, too, which the journal gets then
 * @returns also those that were put back
 * @throws CleanupError when nothing could be put back
 */
export async function restoreToFile(
  location: MapLocation,
  entries: readonly FormerMapping[],
  run: string,
  replaces = false,
): Promise<CommitEnd & { readonly restored: ByChat<FormerMapping> }> {
  const journal = new RemovalJournal(location, run);
  const { made, later, ...end } = await commit(location, (map) => {
    const there = byChat(map);
    const going = entries.filter((entry) => {
      const newer = there.get(entry);
      if (newer === undefined) return canHold(map, entry.provider);
      return replaces && newer.session !== null && newer.session !== entry.session;
    });
    const replaced = going.flatMap((entry) => there.get(entry) ?? []);
    return {
      going,
      text: putMappings(map, going),
      announce() {
        const leaving = replaced.map((mapping) => ({ mapping, lastActivity: null }));
        journal.announce(leaving, map.shape);
        const at = new Date().toISOString();
        const lines = going.flatMap(({ provider, chat, session }) =>
          session === null ? [] : [{ op: 'restore', run, at, provider, chat, session } as const],
        );
        appendToJournal(location, lines);
      },
    };
  });
  journal.end([], [], end.collisions);
  const there = later && byChat(later);
  const restored = made
    .flatMap(({ going }) => going)
    .filter((entry) => there === undefined || there.get(entry)?.raw === entry.raw);
  return { restored: ByChat.of(restored, (entry) => [entry, entry]), ...end };
}

function byChat(map: SessionMap): ByChat<Mapping> {
  return ByChat.of(mappingsOf(map), (mapping) => [mapping, mapping]);
}
