import { isoTime } from '../output/time.js';
import { ByChat, type ChatName } from '../session-map/by-chat.js';
import type { JournalEntry, RemovedEntry, RestoredEntry } from './entries.js';

/** What became of a mapping. */
export type Outcome =
  | { readonly kind: 'restored'; readonly entry: RestoredEntry }
  | {
      /**
       * `kept`: it stayed after all; `unsure`: it may have stayed; `unknown`: its run was killed, or works
       * at this moment.
       */
      readonly kind: 'removed' | 'kept' | 'unsure' | 'unknown';
      readonly entry: RemovedEntry;
    };

/**
 * What became of the mappings that a journal names, newest first. How a run ended stands behind its
 * removals, and its entries stand together.
 *
 * @param journal newest entry first
 */
export function* outcomes(journal: Iterable<JournalEntry>): Generator<Outcome> {
  let ended: string | undefined;
  let stayed = new ByChat<'kept' | 'unsure'>();
  for (const entry of journal) {
    if (entry.op === 'restore') yield { kind: 'restored', entry };
    if (entry.op === 'done') {
      if (entry.run !== ended) stayed = new ByChat();
      ended = entry.run;
      for (const name of entry.kept) stayed.set(name, 'kept');
      for (const name of entry.unsure) stayed.set(name, 'unsure');
    }
    if (entry.op === 'remove') {
      yield { kind: entry.run === ended ? (stayed.get(entry) ?? 'removed') : 'unknown', entry };
    }
  }
}

/** When a chat's mapping was removed; times are ISO 8601, UTC. */
export interface Removals extends ChatName {
  /** Newest first. */
  readonly removals: {
    readonly removedAt: string;
    readonly session: string;
    /** The session's at that time; null when it had no transcript. */
    readonly lastActivity: string | null;
  }[];
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
