import { appendToJournal } from '../journal/journal.js';
import { putMappings } from '../session-map/edit.js';
import type { MapLocation } from '../session-map/location.js';
import { canHold, keyOf, type Mapping, mappingsOf, type SessionMap } from '../session-map/parse.js';
import { type Committed, commit } from './commit.js';

/** A mapping as it once stood in the map. */
export interface FormerMapping extends Pick<Mapping, 'provider' | 'chat' | 'session' | 'raw'> {
  /** It stood in a flat map. */
  readonly flat?: true | undefined;
}

/** What a restore came to. */
export interface Restoration extends Omit<Committed, 'map'> {
  /** The keys of the mappings that were put back. */
  readonly restored: ReadonlySet<string>;
}

/**
 * Puts removed mappings back into the map's file, those whose chats are not mapped at that moment.
 *
 * @param entries in the order that they are to stand in
 * @param run the id of this run, for the journal
 * @throws CleanupError when nothing could be put back
 */
export async function restoreToFile(
  location: MapLocation,
  entries: readonly FormerMapping[],
  run: string,
): Promise<Restoration> {
  let absent: readonly FormerMapping[] = [];
  const announced = new Set<string>();
  const published = new Map<string, string>();
  const { map, ...committed } = await commit(location, {
    revise(current) {
      absent = absentFrom(current, entries);
      return putMappings(current, absent);
    },
    announce(publication) {
      const at = new Date().toISOString();
      const fresh = absent.filter((entry) => !announced.has(keyOf(entry)));
      for (const entry of fresh) announced.add(keyOf(entry));
      appendToJournal(location.directory, [
        ...fresh.flatMap(({ provider, chat, session }) =>
          session === null ? [] : [{ op: 'restore', run, at, provider, chat, session } as const],
        ),
        { op: 'publish', run, at, ...publication },
      ]);
    },
    holds: () => true,
    published() {
      for (const entry of absent) published.set(keyOf(entry), entry.raw);
    },
  });
  const there = map === undefined ? new Map<string, string>() : rawValues(map);
  const restored = [...published].filter(([key, raw]) => there.get(key) === raw);
  return { restored: new Set(restored.map(([key]) => key)), ...committed };
}

function rawValues(map: SessionMap): Map<string, string> {
  return new Map(mappingsOf(map).map((mapping) => [keyOf(mapping), mapping.raw] as const));
}

function absentFrom(map: SessionMap, entries: readonly FormerMapping[]): FormerMapping[] {
  const there = new Set(mappingsOf(map).map(keyOf));
  return entries.filter((entry) => !there.has(keyOf(entry)) && canHold(map, entry.provider));
}
