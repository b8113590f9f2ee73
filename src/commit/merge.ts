import { ByChat, type ChatName } from '../session-map/by-chat.js';
import { putMappings, removeMappings } from '../session-map/edit.js';
import { canHold, mappingsOf, parseSessionMapText, type SessionMap } from '../session-map/parse.js';

/** A map of another process, and ours, which stood in its stead for an instant and can have been read. */
export interface Met {
  readonly before: SessionMap;
  readonly ours: SessionMap;
  readonly theirs: SessionMap;
}

/**
 * The map with what theirs has otherwise than ours, where it stands as in ours: somebody has written what
 * he had read; or as before ours: theirs was written into ours after that was taken back. What our own
 * change took out is put back, too, for it to be decided anew.
 */
export function putBack({ before, ours, theirs }: Met, map: SessionMap): SessionMap {
  const now = valuesIn(map);
  const instead = valuesIn(ours);
  const wanted = valuesIn(theirs);
  const earlier = valuesIn(before);
  const isUndone = (name: ChatName): boolean => {
    const [is, was, should] = [now.get(name), instead.get(name), wanted.get(name)];
    return is !== should && (is === was || (should !== was && is === earlier.get(name)));
  };
  const without = removeMappings(map, (provider, chat) => {
    const name = { provider, chat };
    return !wanted.has(name) && isUndone(name);
  });
  const kept = parseSessionMapText(without);
  const entries = mappingsOf(theirs).filter(
    (mapping) => isUndone(mapping) && canHold(kept, mapping.provider),
  );
  return parseSessionMapText(putMappings(kept, entries));
}

function valuesIn(map: SessionMap): ByChat<string> {
  return ByChat.of(mappingsOf(map), (mapping) => [mapping, mapping.raw]);
}
