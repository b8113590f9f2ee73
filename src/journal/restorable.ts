import { CleanupError } from '../errors.js';
import { printable } from '../output/printable.js';
import { canHold, keyOf, mappingsOf, type SessionMap } from '../session-map/parse.js';
import type { JournalEntry, RemovedEntry } from './journal.js';

/** A removed mapping that the journal has. */
export interface Restorable {
  readonly entry: RemovedEntry;
  /** Why it can't be put back at this moment: the chat is mapped, or the map is flat and not for its CLI. */
  readonly obstacle: 'mapped' | 'flat' | undefined;
}

/**
 * The last removal of each chat, newest first.
 *
 * @param entries the journal, oldest first
 * @param map as it stands now
 */
export function restorables(entries: readonly JournalEntry[], map: SessionMap): Restorable[] {
  const sessions = new Map(
    mappingsOf(map).map((mapping) => [keyOf(mapping), mapping.session] as const),
  );
  const obstacleTo = (key: string, provider: string): Restorable['obstacle'] => {
    if (sessions.has(key)) return 'mapped';
    return canHold(map, provider) ? undefined : 'flat';
  };
  const kept = keptByRun(entries);
  const latest = new Map<string, RemovedEntry>();
  for (const entry of entries) {
    if (entry.op !== 'remove') continue;
    const key = keyOf(entry);
    if (kept.get(entry.run)?.has(key)) continue;
    latest.delete(key);
    latest.set(key, entry);
  }
  return (
    [...latest]
      .reverse()
      // Back with the same session: there is nothing to restore.
      .filter(([key, entry]) => sessions.get(key) !== entry.session)
      .map(([key, entry]) => ({ entry, obstacle: obstacleTo(key, entry.provider) }))
  );
}

/** The mappings that were announced as removed and stayed, by run. */
function keptByRun(entries: readonly JournalEntry[]): Map<string, Set<string>> {
  const kept = new Map<string, Set<string>>();
  for (const entry of entries) {
    if (entry.op !== 'done') continue;
    kept.set(entry.run, new Set(entry.kept.map(keyOf)));
  }
  return kept;
}

/**
 * The newest run that removed something, whether or not it has been put back since.
 *
 * @param all what can be restored by this journal
 */
export function lastRemovingRun(
  entries: readonly JournalEntry[],
  all: readonly Restorable[],
): string | undefined {
  const kept = keptByRun(entries);
  const restorable = new Set(all.map(({ entry }) => entry));
  return entries.findLast((entry) => {
    if (entry.op !== 'remove') return false;
    const stayed = kept.get(entry.run);
    // Of a killed run's removals those count that took place.
    return stayed === undefined ? restorable.has(entry) : !stayed.has(keyOf(entry));
  })?.run;
}

/** What the user asked to restore. */
export interface Choice {
  readonly all: boolean;
  /** Those that this run removed. */
  readonly run: string | undefined;
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
  if (choice.run !== undefined) return all.filter(({ entry }) => entry.run === choice.run);
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
