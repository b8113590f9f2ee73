import { putMappings, removeMappings } from './edit.js';
import {
  canHold,
  keyOf,
  type Mapping,
  mappingsOf,
  parseSessionMapText,
  type SessionMap,
} from './session-map.js';

/** A change that another process made to a map which had been swapped out by then. */
export interface Pending {
  /** Undefined when a killed run took the knowledge with it. */
  readonly exchange: Exchange | undefined;
  /** The map that the other process made. */
  readonly theirs: SessionMap;
  /** Whether these bytes are the map that we had put in its place, with nothing in it that theirs lacks. */
  isOurs(bytes: Uint8Array): boolean;
  /** Without knowing the exchange: whether a mapping that is not there was removed by us. */
  wasRemoved(mapping: Mapping): boolean;
}

/** What we had put in the place of what. */
export interface Exchange {
  /** The map as we had read it: what the other process started from. */
  readonly before: SessionMap;
  /** The map that we had put in its place, other processes' earlier changes included. */
  readonly ours: SessionMap;
}

/**
 * The map that has both what stands in the file now and what the pending change brought. Where both
 * have changed the same chat, what was written into the file after the exchange is the newer one.
 */
export function merge(pending: Pending, onto: SessionMap): SessionMap {
  const { exchange, theirs } = pending;
  if (exchange === undefined) return putInto(onto, lacking(pending, onto), theirs);

  const now = rawValues(onto);
  const before = rawValues(exchange.before);
  const ours = rawValues(exchange.ours);
  const wanted = rawValues(theirs);
  const isNewest = (key: string): boolean =>
    wanted.get(key) !== before.get(key) && now.get(key) === ours.get(key);
  const without = removeMappings(onto, (provider, chat) => {
    const key = keyOf({ provider, chat });
    return !wanted.has(key) && isNewest(key);
  });
  return putInto(
    reparse(without, onto),
    mappingsOf(theirs).filter((mapping) => {
      const key = keyOf(mapping);
      return isNewest(key) && now.get(key) !== mapping.raw;
    }),
    theirs,
  );
}

/** What theirs has and the map has not, but for what we had removed. */
export function lacking(
  { theirs, wasRemoved }: Pick<Pending, 'theirs' | 'wasRemoved'>,
  map: SessionMap,
): Mapping[] {
  const there = rawValues(map);
  return mappingsOf(theirs).filter((mapping) => !there.has(keyOf(mapping)) && !wasRemoved(mapping));
}

/** Puts mappings of a map into another one, as far as that has room for them. */
function putInto(map: SessionMap, mappings: readonly Mapping[], { shape }: SessionMap): SessionMap {
  const flat = shape === 'flat' ? (true as const) : undefined;
  const entries = mappings
    .filter(({ provider }) => canHold(map, provider))
    .map(({ provider, chat, raw }) => ({ provider, chat, raw, flat }));
  return reparse(putMappings(map, entries), map);
}

function reparse(text: string, like: SessionMap): SessionMap {
  return text === like.text ? like : parseSessionMapText(text, like.hasByteOrderMark);
}

/** The values of a map's mappings, as they stand in it, by their keys. */
export function rawValues(map: SessionMap): Map<string, string> {
  return new Map(mappingsOf(map).map((mapping) => [keyOf(mapping), mapping.raw] as const));
}
