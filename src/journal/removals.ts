import type { Publication } from '../commit/commit.js';
import { keyOf, type Mapping, type SessionMap } from '../session-map/parse.js';
import { appendToJournal, type DoneEntry, type RemovedEntry } from './journal.js';

/** A mapping that goes, and since when its session has been idle. */
export interface Leaving {
  readonly mapping: Mapping;
  /** The session's last activity, ms since the epoch; null without a transcript. */
  readonly lastActivity: number | null;
}

/** What a run that removes mappings writes into the journal: each before it goes, and how it ended. */
export class RemovalJournal {
  readonly #directory: string;
  readonly #run: string;
  /** What is in the journal of this run: the mappings' values, by their keys. */
  readonly #announced = new Map<string, string>();

  /** @param run the id of the run */
  constructor(directory: string, run: string) {
    this.#directory = directory;
    this.#run = run;
  }

  /** Nothing was announced: nothing was touched. */
  get isEmpty(): boolean {
    return this.#announced.size === 0;
  }

  /**
   * Announces mappings that are about to go, as far as that was not done yet, and the map that is about
   * to be published without them.
   *
   * @param shape of the map that they stand in
   * @throws CleanupError when the journal can't be written: then nothing may be touched
   */
  announce(
    leaving: readonly Leaving[],
    shape: SessionMap['shape'],
    publication?: Publication,
  ): void {
    const at = new Date().toISOString();
    const fresh = leaving.filter(
      ({ mapping }) => this.#announced.get(keyOf(mapping)) !== mapping.raw,
    );
    appendToJournal(this.#directory, [
      ...fresh.flatMap((one) => this.#entry(one, shape, at)),
      ...(publication === undefined
        ? []
        : [{ op: 'publish', run: this.#run, at, ...publication } as const]),
    ]);
    for (const { mapping } of fresh) this.#announced.set(keyOf(mapping), mapping.raw);
  }

  #entry(
    { mapping, lastActivity }: Leaving,
    shape: SessionMap['shape'],
    at: string,
  ): RemovedEntry[] {
    const { provider, chat, session, raw } = mapping;
    if (session === null) return [];
    const run = this.#run;
    const entry = { op: 'remove', run, at, provider, chat, session, raw, lastActivity } as const;
    return [shape === 'flat' ? { ...entry, flat: true } : entry];
  }

  /**
   * Tells how the run ended: the next one must know which of the announced removals took place.
   *
   * @throws CleanupError when the journal can't be written
   */
  end(outcome: Pick<DoneEntry, 'kept' | 'unsure' | 'collisions'>): void {
    const at = new Date().toISOString();
    appendToJournal(this.#directory, [{ op: 'done', run: this.#run, at, ...outcome }]);
  }
}
