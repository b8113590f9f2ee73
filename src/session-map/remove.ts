import { commit } from './commit.js';
import { removeMappings } from './edit.js';
import { appendToJournal, type RemovedEntry } from './journal.js';
import type { MapLocation } from './location.js';
import { keyOf } from './merge.js';
import { type Mapping, mappingsOf, type SessionMap } from './session-map.js';

/** A mapping that was judged and is to go. */
export interface Candidate {
  readonly mapping: Mapping;
  /** ms since the epoch, or null without a transcript */
  readonly lastActivity: number | null;
}

/** What became of the candidates, by their keys. */
export interface Removal {
  readonly removed: ReadonlySet<string>;
  /** How often another process changed the map between our reading and our publishing. */
  readonly collisions: number;
  readonly brokenWriter: boolean;
}

/**
 * Removes mappings from the map's file: those that still name the session that was judged, and that
 * `stays` does not hold back at the last moment. Each is in the journal before the map is touched.
 *
 * @param run the id of this run, for the journal
 * @param journaled the keys of those that are in the journal already; it grows by what is written there
 */
export async function removeFromFile(
  location: MapLocation,
  candidates: readonly Candidate[],
  run: string,
  journaled: Set<string>,
  stays: (candidate: Candidate) => boolean,
): Promise<Removal> {
  const byKey = new Map(
    candidates.map((candidate) => [
      keyOf(candidate.mapping.provider, candidate.mapping.chat),
      candidate,
    ]),
  );
  const touched = new Set<string>();
  let going = new Map<string, RemovedEntry>();

  const committed = await commit(location, {
    revise(map) {
      going = new Map();
      for (const { provider, chat, session, raw } of mappingsOf(map)) {
        const key = keyOf(provider, chat);
        const candidate = byKey.get(key);
        if (candidate === undefined || session === null) continue;
        if (candidate.mapping.session !== session || stays(candidate)) continue;
        going.set(key, removedEntry(run, candidate, session, raw));
      }
      return removeMappings(map, (provider, chat) => going.has(keyOf(provider, chat)));
    },
    announce(publication) {
      const fresh = [...going].filter(([key]) => !journaled.has(key));
      for (const key of going.keys()) touched.add(key);
      const at = new Date().toISOString();
      appendToJournal(location.directory, [
        ...fresh.map(([, entry]) => entry),
        { op: 'publish', run, at, ...publication },
      ]);
      for (const [key] of fresh) journaled.add(key);
    },
    holds: () =>
      [...going.keys()].every((key) => {
        const candidate = byKey.get(key);
        return candidate !== undefined && !stays(candidate);
      }),
  });

  const there = committed.map === undefined ? new Set<string>() : keysIn(committed.map, byKey);
  const removed = new Set([...touched].filter((key) => !there.has(key)));
  return {
    removed,
    collisions: committed.collisions,
    brokenWriter: committed.brokenWriter,
  };
}

/** The journal's entry for a mapping that goes. */
export function removedEntry(
  run: string,
  { mapping, lastActivity }: Candidate,
  session: string,
  raw: string,
): RemovedEntry {
  const { provider, chat } = mapping;
  const at = new Date().toISOString();
  return { op: 'remove', run, at, provider, chat, session, raw, lastActivity };
}

/** The candidates that a map still has. */
function keysIn(map: SessionMap, candidates: ReadonlyMap<string, Candidate>): Set<string> {
  const keys = new Set<string>();
  for (const { provider, chat, session } of mappingsOf(map)) {
    const key = keyOf(provider, chat);
    if (candidates.get(key)?.mapping.session === session) keys.add(key);
  }
  return keys;
}
