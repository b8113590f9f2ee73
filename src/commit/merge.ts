import { putMappings, removeMappings } from '../session-map/edit.js';
import {
  canHold,
  keyOf,
  mappingsOf,
  parseSessionMapText,
  type SessionMap,
} from '../session-map/parse.js';

/** A map that another process had renamed into place, and for an instant found ours in its stead. */
export interface Met {
  readonly before: SessionMap;
  readonly ours: SessionMap;
  readonly theirs: SessionMap;
}

/** The map with what the other process had changed and then wrote again without, having read ours. */
export function putBack({ before, ours, theirs }: Met, map: SessionMap): SessionMap {
  const now = rawValues(map);
  const was = rawValues(before);
  const instead = rawValues(ours);
  const wanted = rawValues(theirs);
  const isUndone = (key: string): boolean =>
    wanted.get(key) !== was.get(key) &&
    now.get(key) === instead.get(key) &&
    now.get(key) !== wanted.get(key);
  const without = removeMappings(map, (provider, chat) => {
    const key = keyOf({ provider, chat });
    return !wanted.has(key) && isUndone(key);
  });
  const kept = reparse(without, map);
  const entries = mappingsOf(theirs).filter(
    (mapping) => isUndone(keyOf(mapping)) && canHold(kept, mapping.provider),
  );
  return reparse(putMappings(kept, entries), map);
}

function reparse(text: string, like: SessionMap): SessionMap {
  return text === like.text ? like : parseSessionMapText(text);
}

function rawValues(map: SessionMap): Map<string, string> {
  return new Map(mappingsOf(map).map((mapping) => [keyOf(mapping), mapping.raw] as const));
}
