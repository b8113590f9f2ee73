import { CleanupError } from '../errors.js';
import { ByChat, meant } from '../session-map/by-chat.js';
import { canHold, mappingsOf, type SessionMap } from '../session-map/parse.js';
import type { JournalEntry, RemovedEntry } from './entries.js';
import { outcomes } from './outcomes.js';

/** A removed mapping that the journal has. */
export interface Restorable {
  readonly entry: RemovedEntry;
  /** Why it can't be put back at this moment: the chat is mapped, or the map is flat and not for its CLI. */
  readonly obstacle: 'mapped' | 'flat' | undefined;
}

/** What can be restored. */
interface Restorables {
  /** The last removal of each chat, newest first. */
  readonly all: readonly Restorable[];
  /** The newest run that removed something, whether or not it has been put back since. */
  readonly lastRun: string | undefined;
}

/**
 * The removals that a journal has and a map lacks.
 *
 * @param journal newest entry first
 * @param map as it stands now; undefined when there is none
 */
export function restorables(
  journal: Iterable<JournalEntry>,
  map: SessionMap | undefined,
): Restorables {
  const sessions = ByChat.of(mappingsOf(map), (mapping) => [mapping, mapping.session]);
  const hasRoom = (provider: string): boolean => map === undefined || canHold(map, provider);
  const all: Restorable[] = [];
  const seen = new ByChat<true>();
  let lastRun: string | undefined;
  for (const { kind, entry } of outcomes(journal)) {
    if (kind === 'restored' || kind === 'kept') continue;
    const isThere = sessions.get(entry) === entry.session;
    // Of a killed run's removals those count that took place.
    if (kind === 'unknown' && isThere) continue;
    lastRun ??= entry.run;
    if (seen.has(entry)) continue;
    seen.set(entry, true);
    // Back with the same session: there is nothing to restore.
    if (isThere) continue;
    const obstacle = sessions.has(entry) ? 'mapped' : hasRoom(entry.provider) ? undefined : 'flat';
    all.push({ entry, obstacle });
  }
  return { all, lastRun };
}

/**
 * The removals that were asked for.
 *
 * @param chats chat ids, whole or their first 8 or more characters, or `provider/chat`
 * @param choice all of them, or those that a run removed, instead of chats
 * @throws CleanupError for a chat that has nothing to restore, or that means several
 */
export function chooseRemovals(
  all: readonly Restorable[],
  chats: readonly string[],
  choice: { readonly all: boolean; readonly run: string | undefined },
): Restorable[] {
  if (choice.all) return [...all];
  if (choice.run !== undefined) return all.filter(({ entry }) => entry.run === choice.run);
  const chosen = new Set(chats.flatMap((chat) => chatNamed(all, chat)));
  return all.filter((removal) => chosen.has(removal));
}

function chatNamed(all: readonly Restorable[], name: string): Restorable[] {
  const found = meant(all, name, ({ entry }) => entry);
  const chats = new Set(found.map(({ entry }) => entry.chat));
  if (found.length === 0) {
    throw new CleanupError(
      `no removed mapping of chat '${name}' can be put back; 'restore' alone lists those that can`,
    );
  }
  // One chat can have been mapped for several CLIs.
  if (chats.size > 1 && !chats.has(name)) {
    throw new CleanupError(`'${name}' means several chats; give more of the id`);
  }
  return found;
}
