import { isoTime } from '../output/time.js';
import { ByChat, type ChatName } from '../session-map/by-chat.js';
import type { JournalEntry } from './entries.js';
import { outcomes } from './outcomes.js';

/** One removal; times are ISO 8601, UTC. */
export interface Removal {
  readonly removedAt: string;
  readonly session: string;
  /** The session's at that time; null when it had no transcript. */
  readonly lastActivity: string | null;
}

/** When a chat's mapping was removed. */
export interface Removals extends ChatName {
  /** Newest first. */
  readonly removals: Removal[];
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
  const found = new ByChat<Removals>();
  for (const { kind, entry } of outcomes(journal)) {
    if (kind === 'restored' || kind === 'kept' || !isAsked(entry)) continue;
    const { provider, chat, session, at } = entry;
    const known = found.get(entry) ?? { provider, chat, removals: [] };
    const lastActivity = entry.lastActivity === null ? null : isoTime(entry.lastActivity);
    known.removals.push({ removedAt: at, session, lastActivity });
    found.set(entry, known);
  }
  return found;
}
