import { appendToJournal } from '../journal/journal.js';
import { RemovalJournal } from '../journal/removals.js';
import { ByChat } from '../session-map/by-chat.js';
import { putMappings } from '../session-map/edit.js';
import type { MapLocation } from '../session-map/location.js';
import { canHold, type Mapping, mappingsOf, type SessionMap } from '../session-map/parse.js';
import { type Change, type Committed, commit } from './commit.js';

/** A mapping as it once stood in the map. */
export interface FormerMapping extends Pick<Mapping, 'provider' | 'chat' | 'session' | 'raw'> {
  /** It stood in a flat map. */
  readonly flat?: true | undefined;
}

/** What a restore came to. */
export interface Restoration extends Omit<Committed<Change>, 'made' | 'later'> {
  /** The mappings that were put back. */
  readonly restored: ByChat<FormerMapping>;
}

/**
 * Puts removed mappings back into the map's file, those whose chats are not mapped at that moment.
 *
 * @param entries in the order that they are to stand in
 * @param run the id of this run, for the journal
 * @param replaces whether they take the place of newer mappings, too, which the journal gets then
 * @throws CleanupError when nothing could be put back
 */
export async function restoreToFile(
  location: MapLocation,
  entries: readonly FormerMapping[],
  run: string,
  replaces = false,
): Promise<Restoration> {
  const journal = new RemovalJournal(location, run);
  const { made, later, ...committed } = await commit(location, (map) => {
    const there = byChat(map);
    const canGo = (entry: FormerMapping): boolean => {
      const mapping = there.get(entry);
      if (mapping === undefined) return canHold(map, entry.provider);
      return replaces && mapping.session !== null && mapping.session !== entry.session;
    };
    const going = entries.filter(canGo);
    const newer = going.flatMap((entry) => {
      const mapping = there.get(entry);
      return mapping === undefined ? [] : [{ mapping, lastActivity: null }];
    });
    return {
      going,
      text: putMappings(map, going),
      announce() {
        journal.announce(newer, map.shape);
        const at = new Date().toISOString();
        appendToJournal(
          location,
          going.flatMap(({ provider, chat, session }) =>
            session === null ? [] : [{ op: 'restore', run, at, provider, chat, session } as const],
          ),
        );
      },
      holds: () => true,
    };
  });
  journal.end([], [], committed.collisions);
  const there = later && byChat(later);
  const restored = new ByChat<FormerMapping>();
  for (const entry of made.flatMap(({ going }) => going)) {
    if (there === undefined || there.get(entry)?.raw === entry.raw) restored.set(entry, entry);
  }
  return { restored, ...committed };
}

function byChat(map: SessionMap): ByChat<Mapping> {
  return ByChat.of(mappingsOf(map).map((mapping) => [mapping, mapping]));
}
