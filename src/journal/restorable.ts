import { CleanupError } from '../errors.js';
import { printable } from '../output/printable.js';
import { ByChat, type ChatName } from '../session-map/by-chat.js';
import { meant } from '../session-map/meant.js';
import { canHold, mappingsOf, type SessionMap } from '../session-map/parse.js';
import type { DoneEntry, JournalEntry, RemovedEntry } from './journal.js';

/** A removed mapping that the journal has. */
export interface Restorable {
  readonly entry: RemovedEntry;
  /** Why it can't be put back at this moment: the chat is mapped, or the map is flat and not for its CLI. */
  readonly obstacle: 'mapped' | 'flat' | undefined;
}

/** What can be restored. */
export interface Restorables {
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
  const mappings = map === undefined ? [] : mappingsOf(map);
  const sessions = ByChat.of(mappings.map((mapping) => [mapping, mapping.session]));
  const obstacleTo = (name: ChatName): Restorable['obstacle'] => {
    if (sessions.has(name)) return 'mapped';
    return map === undefined || canHold(map, name.provider) ? undefined : 'flat';
  };
  const all: Restorable[] = [];
  const seen = new ByChat<true>();
  const runs = new EndedRuns();
  let lastRun: string | undefined;
  for (const entry of journal) {
    if (entry.op === 'done') runs.add(entry, entry.kept);
    if (entry.op !== 'remove') continue;
    const isThere = sessions.get(entry) === entry.session;
    const stayed = runs.stayedIn(entry.run);
    // Of a killed run's removals those count that took place.
    if (stayed === undefined ? isThere : stayed.has(entry)) continue;
    lastRun ??= entry.run;
    if (seen.has(entry)) continue;
    seen.set(entry, true);
    // Back with the same session: there is nothing to restore.
    if (!isThere) all.push({ entry, obstacle: obstacleTo(entry) });
  }
  return { all, lastRun };
}

/** What has stayed, of the run whose entries are being read; they stand together in the journal. */
export class EndedRuns {
  #run: string | undefined;
  #stayed = new ByChat<true>();

  add({ run }: DoneEntry, stayed: readonly ChatName[]): void {
    if (this.#run !== run) this.#stayed = new ByChat();
    this.#run = run;
    for (const name of stayed) this.#stayed.set(name, true);
  }

  /** The mappings that were announced as removed and stayed; undefined for a run that has not come to its end. */
  stayedIn(run: string): ByChat<true> | undefined {
    return run === this.#run ? this.#stayed : undefined;
  }
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

function chatNamed(all: readonly Restorable[], name: string): Restorable[] {
  const found = meant(all, name, ({ entry }) => entry);
  const chats = new Set(found.map(({ entry }) => entry.chat));
  if (found.length === 0) {
    throw new CleanupError(
      `no removed mapping of chat '${printable(name)}' can be put back; 'restore' alone lists those that can`,
    );
  }
  // One chat can have been mapped for several CLIs.
  if (chats.size > 1 && !chats.has(name)) {
    throw new CleanupError(`'${printable(name)}' means several chats; give more of the id`);
  }
  return found;
}
