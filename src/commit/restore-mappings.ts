import { appendToJournal } from '../journal/journal.js';
import { type Leaving, RemovalJournal } from '../journal/removals.js';
import { ByChat } from '../session-map/by-chat.js';
import { putMappings } from '../session-map/edit.js';
import type { MapLocation } from '../session-map/location.js';
import { canHold, type Mapping, mappingsOf, type SessionMap } from '../session-map/parse.js';
import { type Committed, commit } from './commit.js';

/** A mapping as it once stood in the map. */
export interface FormerMapping extends Pick<Mapping, 'provider' | 'chat' | 'session' | 'raw'> {
  /** It stood in a flat map. */
  readonly flat?: true | undefined;
}

/** What a restore came to. */
export interface Restoration extends Omit<Committed, 'map'> {
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
  const announced = new ByChat<true>();
  const published = new ByChat<FormerMapping>();
  let going: readonly FormerMapping[] = [];
  let newer: readonly Leaving[] = [];
  let shape: SessionMap['shape'] = 'by-provider';
  const { map, ...committed } = await commit(location, {
    revise(current) {
      const there = byChat(current);
      const canGo = (entry: FormerMapping): boolean => {
        const mapping = there.get(entry);
        if (mapping === undefined) return canHold(current, entry.provider);
        return replaces && mapping.session !== null && mapping.session !== entry.session;
      };
      shape = current.shape;
      going = entries.filter(canGo);
      newer = going.flatMap((entry) => {
        const mapping = there.get(entry);
        return mapping === undefined ? [] : [{ mapping, lastActivity: null }];
      });
      return putMappings(current, going);
    },
    announce(publication) {
      if (newer.length > 0) journal.announce(newer, shape);
      const at = new Date().toISOString();
      const fresh = going.filter((entry) => !announced.has(entry));
      for (const entry of fresh) announced.set(entry, true);
      appendToJournal(location, [
        ...fresh.flatMap(({ provider, chat, session }) =>
          session === null ? [] : [{ op: 'restore', run, at, provider, chat, session } as const],
        ),
        { op: 'publish', run, at, ...publication },
      ]);
    },
    holds: () => true,
    published() {
      for (const entry of going) published.set(entry, entry);
    },
  });
  journal.end([], [], committed.collisions);
  const there = map === undefined ? new ByChat<Mapping>() : byChat(map);
  const restored = new ByChat<FormerMapping>();
  for (const entry of published.values()) {
    if (there.get(entry)?.raw === entry.raw) restored.set(entry, entry);
  }
  return { restored, ...committed };
}

function byChat(map: SessionMap): ByChat<Mapping> {
  return ByChat.of(mappingsOf(map).map((mapping) => [mapping, mapping]));
}
