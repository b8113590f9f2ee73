import { CleanupError } from '../errors.js';
import { printable } from '../printable.js';
import type { JournalEntry, RemovedEntry } from './journal.js';
import { keyOf } from './merge.js';
import type { Mapping } from './session-map.js';

/** A removed mapping that the journal has. */
export interface Restorable {
  readonly entry: RemovedEntry;
  /** The chat is mapped at this moment: it is not overwritten. */
  readonly isMapped: boolean;
}

/**
 * The last removal of each chat, newest first.
 *
 * @param entries the journal, oldest first
 * @param mappings what the map has now
 */
export function restorables(
  entries: readonly JournalEntry[],
  mappings: readonly Mapping[],
): Restorable[] {
  const sessions = new Map(
    mappings.map(({ provider, chat, session }) => [keyOf(provider, chat), session] as const),
  );
  const kept = keptByRun(entries);
  const latest = new Map<string, RemovedEntry>();
  for (const entry of entries) {
    if (entry.op !== 'remove') continue;
    const key = keyOf(entry.provider, entry.chat);
    if (kept.get(entry.run)?.has(key)) continue;
    latest.delete(key);
    latest.set(key, entry);
  }
  return (
    [...latest]
      .reverse()
      // Back with the same session: there is nothing to restore.
      .filter(([key, entry]) => sessions.get(key) !== entry.session)
      .map(([key, entry]) => ({ entry, isMapped: sessions.has(key) }))
  );
}

/** The mappings that were announced as removed and stayed, by run. */
function keptByRun(entries: readonly JournalEntry[]): Map<string, Set<string>> {
  const kept = new Map<string, Set<string>>();
  for (const entry of entries) {
    if (entry.op !== 'done') continue;
    kept.set(entry.run, new Set(entry.kept.map(({ provider, chat }) => keyOf(provider, chat))));
  }
  return kept;
}

/** What the user asked to restore. */
export interface Choice {
  readonly all: boolean;
  /** Those of the newest run that removed something. */
  readonly last: boolean;
}

/**
 * The removals that were asked for.
 *
 * @param chats chat ids, whole or their first 8 or more characters, or `provider/chat`
 * @throws CleanupError for a chat that has nothing to restore, or that means several
 */
export function chooseRemovals(
  all: readonly Restorable[],
  chats: readonly string[],
  choice: Choice,
): Restorable[] {
  if (choice.all) return [...all];
  if (choice.last) return all.filter(({ entry }) => entry.run === all[0]?.entry.run);
  const chosen = new Set(chats.flatMap((chat) => chatNamed(all, chat)));
  return all.filter((removal) => chosen.has(removal));
}

const SHORT_LENGTH = 8;

function chatNamed(all: readonly Restorable[], name: string): Restorable[] {
  const exact = all.filter(
    ({ entry }) => entry.chat === name || `${entry.provider}/${entry.chat}` === name,
  );
  // One chat can have been mapped for several CLIs.
  if (exact.length > 0) return exact;
  const beginnings =
    name.length < SHORT_LENGTH ? [] : all.filter(({ entry }) => beginsSo(entry, name));
  if (new Set(beginnings.map(({ entry }) => entry.chat)).size > 1) {
    throw new CleanupError(`'${printable(name)}' means several chats; give more of the id`);
  }
  if (beginnings.length > 0) return beginnings;
  throw new CleanupError(
    `no removed mapping of chat '${printable(name)}' can be put back; 'restore' alone lists those that can`,
  );
}

function beginsSo({ provider, chat }: RemovedEntry, name: string): boolean {
  return chat.startsWith(name) || `${provider}/${chat}`.startsWith(name);
}
