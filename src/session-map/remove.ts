import { type Committed, commit } from './commit.js';
import { removeMappings } from './edit.js';
import { appendToJournal, type RemovedEntry } from './journal.js';
import type { MapLocation } from './location.js';
import { keyOf, type Mapping, mappingsOf, type SessionMap } from './session-map.js';

/** A mapping that was judged and is to go. */
export interface Candidate {
  readonly mapping: Mapping;
  /** ms since the epoch, or null without a transcript */
  readonly lastActivity: number | null;
}

/** Who has the last word on what is to go. */
export interface LastWord {
  /** Looks at everything anew; for the moments before a decision takes effect. */
  refresh(): void;
  /** Whether a session that was to go has become active since, or can't be looked at any more. */
  stays(candidate: Candidate): boolean;
}

/** What became of the candidates, by their keys. */
export interface Removal extends Omit<Committed, 'map'> {
  readonly removed: ReadonlySet<string>;
}

/**
 * Removes mappings from the map's file: those that still name the session that was judged, and that
 * `lastWord` does not hold back. Each is in the journal before the map is touched.
 *
 * @param run the id of this run, for the journal
 * @param journaled the values of those that are in the journal already, by their keys; it grows by what is
 *   written there
 */
export async function removeFromFile(
  location: MapLocation,
  candidates: readonly Candidate[],
  run: string,
  journaled: Map<string, string>,
  lastWord: LastWord,
): Promise<Removal> {
  const byKey = new Map(candidates.map((candidate) => [keyOf(candidate.mapping), candidate]));
  const published = new Set<string>();
  let going = new Map<string, RemovedEntry>();

  const { map, ...committed } = await commit(location, {
    revise(map) {
      lastWord.refresh();
      going = new Map();
      for (const mapping of mappingsOf(map)) {
        const { session, raw } = mapping;
        const key = keyOf(mapping);
        const candidate = byKey.get(key);
        if (candidate === undefined || session === null) continue;
        if (candidate.mapping.session !== session || lastWord.stays(candidate)) continue;
        going.set(key, removedEntry(run, candidate, session, raw, map.shape));
      }
      return removeMappings(map, (provider, chat) => going.has(keyOf({ provider, chat })));
    },
    announce(publication) {
      const fresh = [...going].filter(([key, { raw }]) => journaled.get(key) !== raw);
      const at = new Date().toISOString();
      appendToJournal(location.directory, [
        ...fresh.map(([, entry]) => entry),
        { op: 'publish', run, at, ...publication },
      ]);
      for (const [key, { raw }] of fresh) journaled.set(key, raw);
    },
    holds() {
      lastWord.refresh();
      return [...going.keys()].every((key) => {
        const candidate = byKey.get(key);
        return candidate !== undefined && !lastWord.stays(candidate);
      });
    },
    published() {
      for (const key of going.keys()) published.add(key);
    },
  });

  // A chat that is mapped anew by now was not taken out by us.
  const there = new Set((map === undefined ? [] : mappingsOf(map)).map(keyOf));
  return { removed: new Set([...published].filter((key) => !there.has(key))), ...committed };
}

/** The journal's entry for a mapping that goes. */
export function removedEntry(
  run: string,
  { mapping, lastActivity }: Candidate,
  session: string,
  raw: string,
  shape: SessionMap['shape'],
): RemovedEntry {
  const { provider, chat } = mapping;
  const at = new Date().toISOString();
  const entry = { op: 'remove', run, at, provider, chat, session, raw, lastActivity } as const;
  return shape === 'flat' ? { ...entry, flat: true } : entry;
}
