import { ByChat, type ChatName } from '../session-map/by-chat.js';
import type { MapPlace } from '../session-map/location.js';
import type { Mapping, SessionMap } from '../session-map/parse.js';
import type { JournalEntry } from './entries.js';
import { appendToJournal } from './journal.js';

/** A mapping that goes, and since when its session has been idle. */
export interface Leaving {
  readonly mapping: Mapping;
  /** The session's last activity, ms since the epoch; null without a transcript. */
  readonly lastActivity: number | null;
}

const NAMES_PER_LINE = 10_000;

/** What a run that removes mappings writes into the journal: each before it goes, and how it ended. */
export class RemovalJournal {
  /** What is in the journal of this run. */
  #announced: readonly Leaving[] = [];

  /** @param run its id */
  constructor(
    private readonly place: MapPlace,
    private readonly run: string,
  ) {}

  /**
   * Announces mappings that are about to go, as far as that was not done yet.
   *
   * @param shape of the map that they stand in
   * @throws CleanupError when the journal can't be written: then nothing may be touched
   */
  announce(leaving: readonly Leaving[], shape: SessionMap['shape']): void {
    const fresh = this.#notAnnounced(leaving);
    if (fresh.length === 0) return;
    appendToJournal(this.place, this.#entries(fresh, shape));
    this.#announced = this.#announced.length === 0 ? fresh : [...this.#announced, ...fresh];
  }

  #notAnnounced(leaving: readonly Leaving[]): readonly Leaving[] {
    if (this.#announced.length === 0) return leaving;
    const known = ByChat.of(this.#announced, ({ mapping }) => [mapping, mapping.raw]);
    return leaving.filter(({ mapping }) => known.get(mapping) !== mapping.raw);
  }

  *#entries(leaving: readonly Leaving[], shape: SessionMap['shape']): Generator<JournalEntry> {
    const at = new Date().toISOString();
    const { run } = this;
    for (const { mapping, lastActivity } of leaving) {
      const { provider, chat, session, raw } = mapping;
      if (session === null) continue;
      const entry = { op: 'remove', run, at, provider, chat, session, raw, lastActivity } as const;
      yield shape === 'flat' ? { ...entry, flat: true } : entry;
    }
  }

  /**
   * Tells how the run ended, if it has announced anything: the next one must know which of the announced
   * removals took place.
   *
   * @param kept those that stayed after all
   * @param unsure those that a bridge was asked to forget and that may have stayed
   * @param collisions how often another process changed the map while it was being committed
   * @throws CleanupError when the journal can't be written
   */
  end(kept: readonly ChatName[], unsure: readonly ChatName[], collisions: number): void {
    if (this.#announced.length === 0) return;
    const stamp = { op: 'done', run: this.run, at: new Date().toISOString(), collisions } as const;
    const entries: JournalEntry[] = [{ ...stamp, kept: [], unsure }];
    // In lines of a bounded length.
    for (let from = 0; from < kept.length; from += NAMES_PER_LINE) {
      entries.push({ ...stamp, kept: kept.slice(from, from + NAMES_PER_LINE), unsure: [] });
    }
    appendToJournal(this.place, entries);
  }
}
