import { randomUUID } from 'node:crypto';
import { type Bridge, isNameable } from '../bridge/client.js';
import { forgetInBridge } from '../bridge/forget.js';
import { removeFromFile } from '../commit/remove-mappings.js';
import { reportCommit } from '../commit/report.js';
import { restoreToFile } from '../commit/restore-mappings.js';
import { CleanupError } from '../errors.js';
import { RemovalJournal } from '../journal/removals.js';
import { counted } from '../output/counted.js';
import { warning } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import { ByChat, type ChatName } from '../session-map/by-chat.js';
import type { MapLocation } from '../session-map/location.js';
import { mappingsOf } from '../session-map/parse.js';
import { readMap } from '../session-map/read.js';
import type { Assessment } from '../sessions/assess.js';
import type { Decision } from '../sessions/decide.js';
import { hasMapping } from '../sessions/mapped.js';
import { undisturbed } from '../system/signals.js';
import { Recheck } from './recheck.js';

/** What became of the mappings that were to go. */
export interface Removal {
  /** Which way each went. */
  readonly gone: ByChat<'bridge' | 'file'>;
  /** The decision at the last look, of those that it let stay. */
  readonly staying: ByChat<Decision>;
  /** Why the file was replaced in the weaker way, null when it was not; undefined when nothing was. */
  readonly weaker: string | null | undefined;
}

/**
 * Removes what was decided: from the bridge's memory while a bridge runs, and from the file. What
 * goes wrong is said as an error; the mappings that it concerns stay. A signal that asks the process to
 * end takes effect when the journal has how it went.
 */
export async function removeDecided(
  assessment: Assessment,
  location: MapLocation,
  problems: Problems,
): Promise<Removal> {
  const work = new RemovalWork(assessment, location, problems);
  await undisturbed((isAskedToEnd) => work.removeAll(isAskedToEnd));
  return work;
}

class RemovalWork implements Removal {
  readonly gone = new ByChat<'bridge' | 'file'>();
  weaker: Removal['weaker'];
  readonly #assessment: Assessment;
  readonly #location: MapLocation;
  readonly #journal: RemovalJournal;
  readonly #recheck: Recheck;
  readonly #problems: Problems;
  /** The one that a bridge was asked for, and what it did is not known. */
  #unsure: ChatName | undefined;
  /** What stands in the file alone and was put back into it. */
  #putBack: readonly Decision[] = [];
  #collisions = 0;

  constructor(assessment: Assessment, location: MapLocation, problems: Problems) {
    this.#assessment = assessment;
    this.#location = location;
    this.#journal = new RemovalJournal(location, randomUUID());
    this.#recheck = new Recheck(assessment, problems);
    this.#problems = problems;
  }

  get staying(): ByChat<Decision> {
    return this.#recheck.staying;
  }

  async removeAll(isAskedToEnd: () => boolean): Promise<void> {
    const { bridge, mapped, decisions } = this.#assessment;
    const going = decisions.filter(({ keptBecause }) => keptBecause === null);
    const isInMemory = hasMapping(mapped.memory);
    const inMemory = going.filter(({ mapping }) => isInMemory(mapping));
    // Before the bridge saves: what its memory does not know must be in the journal when it goes.
    await this.#fromFile(going.filter(({ mapping }) => !isInMemory(mapping)));
    if (bridge !== undefined) await this.#fromBridge(bridge, inMemory, isAskedToEnd);
    const stayed = going.map(nameOf).filter((name) => !this.gone.has(name));
    await this.#trying(() => {
      // The next run must know which of the announced removals took place.
      const isUnsure = ({ provider, chat }: ChatName): boolean =>
        provider === this.#unsure?.provider && chat === this.#unsure.chat;
      const kept = stayed.filter((name) => !isUnsure(name));
      const unsure = stayed.filter(isUnsure);
      this.#journal.end([...kept, ...this.#putBack.map(nameOf)], unsure, this.#collisions);
    });
  }

  /** What goes wrong in a step is said, and what it was to do is not done then. */
  async #trying(step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof CleanupError)) throw error;
      this.#problems.error(error.message);
    }
  }

  async #fromFile(going: readonly Decision[]): Promise<void> {
    if (going.length === 0) return;
    await this.#trying(async () => {
      const { removed, ...committed } = await removeFromFile(
        this.#location,
        going,
        this.#journal,
        this.#recheck,
      );
      reportCommit(this.#location.path, committed, this.#problems);
      this.#collisions += committed.collisions;
      this.weaker ??= committed.weaker ?? null;
      for (const { mapping } of removed.values()) this.gone.set(mapping, 'file');
    });
  }

  async #fromBridge(
    bridge: Bridge,
    idle: readonly Decision[],
    isAskedToEnd: () => boolean,
  ): Promise<void> {
    const going = idle.filter(({ mapping }) => isNameable(mapping.chat));
    this.#sayUnnameable(idle.filter(({ mapping }) => !isNameable(mapping.chat)));
    if (going.length === 0) return;
    await this.#trying(async () => {
      const { path } = this.#location;
      // The bridge writes its memory over the file: what it does not know must be in the journal, too.
      const isInFile = hasMapping((await readMap(path))?.map);
      const unknown = this.#unknownToBridge().filter(({ mapping }) => isInFile(mapping));
      this.#journal.announce([...going, ...unknown], 'by-provider');
      const asked = await forgetInBridge(bridge, going, this.#recheck, path, isAskedToEnd);
      for (const { message } of asked.failures) this.#problems.error(message);
      for (const mapping of asked.forgotten.values()) this.gone.set(mapping, 'bridge');
      this.#unsure = asked.unsure;
      if (unknown.length > 0) await this.#putIntoFile(unknown);
      // When its memory is not known, the file may hold what it needs.
      const isStillThere = asked.memory && hasMapping(asked.memory);
      const left = isStillThere ? going.filter(({ mapping }) => !isStillThere(mapping)) : [];
      await this.#fromFile(left);
    });
  }

  #sayUnnameable(decisions: readonly Decision[]): void {
    for (const { mapping } of decisions) {
      const { provider, chat } = mapping;
      const message = "stays, idle: the bridge's address can't name this chat";
      const fix = 'to remove it, stop the bridge, run this once, and start it again';
      this.#problems.add(warning(`${provider}/${chat.slice(0, 80)}`, message, fix));
    }
  }

  /** What stands in the file alone while a bridge runs, whatever session it has. */
  #unknownToBridge(): Decision[] {
    const { memory } = this.#assessment.mapped;
    const mappings = memory === undefined ? [] : mappingsOf(memory);
    const known = ByChat.of(mappings.map((mapping) => [mapping, true]));
    return this.#assessment.decisions.filter(({ mapping }) => !known.has(mapping));
  }

  /** What the bridge does not know, it has dropped from the file when it saved. */
  async #putIntoFile(unknown: readonly Decision[]): Promise<void> {
    this.#problems.warn(
      `${this.#location.path}: ${counted(unknown.length, 'mapping stands', 'mappings stand')} in the file alone: the bridge does not know them, and drops them when it saves the next time`,
      'restart it, so that it takes them up',
    );
    await this.#trying(async () => {
      const mappings = unknown.map(({ mapping }) => mapping);
      const committed = await restoreToFile(this.#location, mappings, this.#journal.run);
      reportCommit(this.#location.path, committed, this.#problems);
      this.#collisions += committed.collisions;
      this.#putBack = unknown;
    });
  }
}

function nameOf({ mapping: { provider, chat } }: Decision): ChatName {
  return { provider, chat };
}
