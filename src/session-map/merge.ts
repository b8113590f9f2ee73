import { type Entry, putMappings, removeMappings } from './edit.js';
import { keyOf, mappingsOf, parseSessionMapText, type SessionMap } from './session-map.js';

/** A change that another process made to a map which had been swapped out by then. */
export interface Pending {
  /** The map that it started from; undefined when a killed run took the knowledge with it. */
  readonly base: SessionMap | undefined;
  /** The map that it made of it. */
  readonly theirs: SessionMap;
  /** Whether these bytes are the map that we had put in its place, changed by nobody since. */
  isOurs(bytes: Uint8Array): boolean;
  /** Without a base: whether a mapping that is not there was removed by us. */
  wasRemoved(provider: string, chat: string, raw: string): boolean;
}

/**
 * The map that has both what stands in the file now and what the pending change brought. Where both
 * have changed the same chat, what stands in the file is the newer one.
 */
export function merge(pending: Pending, onto: SessionMap): SessionMap {
  const { base, theirs } = pending;
  if (theirs.shape !== onto.shape) return onto;
  const now = rawValues(onto);
  const before = base === undefined ? now : rawValues(base);

  const put: Entry[] = [];
  for (const mapping of mappingsOf(theirs)) {
    const { provider, chat, raw } = mapping;
    const key = keyOf(mapping);
    const current = now.get(key);
    if (current === raw) continue;
    if (base === undefined) {
      if (current === undefined && !pending.wasRemoved(provider, chat, raw)) {
        put.push({ provider, chat, raw });
      }
    } else if (before.get(key) !== raw && (current === undefined || current === before.get(key))) {
      put.push({ provider, chat, raw });
    }
  }
  const kept = rawValues(theirs);
  const text = removeMappings(onto, (provider, chat) => {
    const key = keyOf({ provider, chat });
    // They removed it, and nobody has touched it since.
    return (
      base !== undefined && !kept.has(key) && before.has(key) && before.get(key) === now.get(key)
    );
  });
  return reparse(putMappings(reparse(text, onto), put), onto);
}

function reparse(text: string, like: SessionMap): SessionMap {
  return text === like.text ? like : parseSessionMapText(text, like.hasByteOrderMark);
}

/** The values of a map's mappings, as they stand in it, by their keys. */
export function rawValues(map: SessionMap): Map<string, string> {
  return new Map(mappingsOf(map).map((mapping) => [keyOf(mapping), mapping.raw] as const));
}
