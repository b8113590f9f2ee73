import { commit } from './commit.js';
import { putMappings } from './edit.js';
import { appendToJournal, type RemovedEntry } from './journal.js';
import type { MapLocation } from './location.js';
import { keyOf } from './merge.js';
import { FLAT_PROVIDER, mappingsOf, type SessionMap } from './session-map.js';

/**
 * Puts removed mappings back into the map's file, those whose chats are not mapped at that moment.
 *
 * @param run the id of this run, for the journal
 * @returns the keys of the mappings that were put back
 */
export async function restoreToFile(
  location: MapLocation,
  entries: readonly RemovedEntry[],
  run: string,
): Promise<ReadonlySet<string>> {
  let absent: readonly RemovedEntry[] = [];
  const announced = new Set<string>();
  const { map } = await commit(location, {
    revise(current) {
      absent = absentFrom(current, entries);
      return putMappings(current, absent);
    },
    announce(publication) {
      const at = new Date().toISOString();
      const fresh = absent.filter(({ provider, chat }) => !announced.has(keyOf(provider, chat)));
      for (const { provider, chat } of fresh) announced.add(keyOf(provider, chat));
      appendToJournal(location.directory, [
        ...fresh.map(
          ({ provider, chat, session }) =>
            ({ op: 'restore', run, at, provider, chat, session }) as const,
        ),
        { op: 'publish', run, at, ...publication },
      ]);
    },
    holds: () => true,
  });
  const there = new Set(
    (map === undefined ? [] : mappingsOf(map)).map(({ provider, chat }) => keyOf(provider, chat)),
  );
  return new Set([...announced].filter((key) => there.has(key)));
}

function absentFrom(map: SessionMap, entries: readonly RemovedEntry[]): RemovedEntry[] {
  const there = new Set(mappingsOf(map).map(({ provider, chat }) => keyOf(provider, chat)));
  return entries.filter(
    ({ provider, chat }) =>
      !there.has(keyOf(provider, chat)) && (map.shape !== 'flat' || provider === FLAT_PROVIDER),
  );
}
