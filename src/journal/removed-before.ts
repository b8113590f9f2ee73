import { ByChat, type ChatName } from '../session-map/by-chat.js';
import type { JournalEntry, RemovedEntry } from './journal.js';
import { EndedRuns } from './restorable.js';

/** How often a chat's mapping was removed. */
export interface Removals extends ChatName {
  /** The newest removal. */
  readonly last: RemovedEntry;
  /** Newest first. */
  readonly all: RemovedEntry[];
}

/**
 * The removals of chats; what a run announced and then left is none.
 *
 * @param journal newest entry first
 */
export function removedBefore(
  journal: Iterable<JournalEntry>,
  isAsked: (name: ChatName) => boolean,
): ByChat<Removals> {
  const removals = new ByChat<Removals>();
  const runs = new EndedRuns();
  for (const entry of journal) {
    if (entry.op === 'done') runs.add(entry, entry.kept);
    if (entry.op !== 'remove' || !isAsked(entry) || runs.stayedIn(entry.run)?.has(entry)) continue;
    const { provider, chat } = entry;
    const known = removals.get(entry);
    if (known === undefined) removals.set(entry, { provider, chat, last: entry, all: [entry] });
    else known.all.push(entry);
  }
  return removals;
}
