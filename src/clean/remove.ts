import type { Bridge } from '../bridge/client.js';
import { forgetInBridge } from '../bridge/forget.js';
import type { Committed } from '../commit/commit.js';
import { removeFromFile } from '../commit/remove-mappings.js';
import { reportCommit } from '../commit/report.js';
import { restoreToFile } from '../commit/restore-mappings.js';
import { CleanupError } from '../errors.js';
import { RemovalJournal } from '../journal/removals.js';
import { counted } from '../output/counted.js';
import type { Problems } from '../output/problems.js';
import type { MapLocation } from '../session-map/location.js';
import { keyOf, mappingsOf, type SessionMap } from '../session-map/parse.js';
import { readMap } from '../session-map/read.js';
import type { Assessment } from '../sessions/assess.js';
import type { Decision } from '../sessions/decide.js';
import { hasMapping } from '../sessions/mapped.js';
import { undisturbed } from '../system/signals.js';
import { Recheck } from './recheck.js';

/** What became of the mappings that were to go, by their keys. */
export interface Removal {
  readonly removed: ReadonlyMap<string, 'bridge' | 'file'>;
  /** The decision at the last look, of those that it let stay. */
  readonly staying: ReadonlyMap<string, Decision>;
}

/**
 * Removes what was decided: from the bridge's memory while a bridge runs, and from the file. What
 * goes wrong is said as an error; the mappings that it concerns stay. A signal that asks the process to
 * end takes effect when the journal has how it went.
 *
 * @param run the id of this run, for the journal
 */
export async function removeDecided(
  assessment: Assessment,
  location: MapLocation,
  bridge: Bridge | undefined,
  run: string,
  problems: Problems,
): Promise<Removal> {
  return await undisturbed(async (isAskedToEnd) => {
    const work = new RemovalWork(assessment, location, run, problems);
    try {
      await work.remove(bridge, isAskedToEnd);
    } catch (error) {
      sayOrThrow(error, problems);
    }
    work.end();
    return work.outcome;
  });
}

class RemovalWork {
  readonly #assessment: Assessment;
  readonly #location: MapLocation;
  readonly #run: string;
  readonly #problems: Problems;
  readonly #recheck: Recheck;
  readonly #journal: RemovalJournal;
  readonly #candidates: readonly Decision[];
  readonly #removed = new Map<string, 'bridge' | 'file'>();
  /** What stands in the file alone and was put back into it. */
  #keptInFile: readonly Decision[] = [];
  #unsure: ReadonlySet<string> = new Set();
  #collisions = 0;

  constructor(assessment: Assessment, location: MapLocation, run: string, problems: Problems) {
    this.#assessment = assessment;
    this.#location = location;
    this.#run = run;
    this.#problems = problems;
    this.#recheck = new Recheck(assessment, problems);
    this.#journal = new RemovalJournal(location.directory, run);
    this.#candidates = assessment.decisions.filter(({ removes }) => removes);
  }

  get outcome(): Removal {
    return { removed: this.#removed, staying: this.#recheck.staying };
  }

  async remove(bridge: Bridge | undefined, isAskedToEnd: () => boolean): Promise<void> {
    const isInMemory = hasMapping(this.#assessment.mapped.memory);
    // Before the bridge saves: what its memory does not know must be in the journal when it goes.
    await this.#fromFile(this.#candidates.filter(({ mapping }) => !isInMemory(mapping)));
    const inMemory = this.#candidates.filter(({ mapping }) => isInMemory(mapping));
    if (bridge !== undefined && inMemory.length > 0) {
      await this.#fromBridge(bridge, inMemory, isAskedToEnd);
    }
  }

  async #fromFile(going: readonly Decision[]): Promise<void> {
    if (going.length === 0) return;
    const { removed, ...committed } = await removeFromFile(
      this.#location,
      going,
      this.#journal,
      this.#recheck,
    );
    this.#report(committed);
    for (const key of removed) if (!this.#removed.has(key)) this.#removed.set(key, 'file');
  }

  async #fromBridge(
    bridge: Bridge,
    going: readonly Decision[],
    isAskedToEnd: () => boolean,
  ): Promise<void> {
    const { memory, file } = this.#assessment.mapped;
    // The bridge writes its memory over the file: what it does not know must be in the journal, too.
    const isInFile = hasMapping((await readMap(this.#location.path))?.map);
    const unknown = unknownTo(memory, this.#assessment.decisions).filter(({ mapping }) =>
      isInFile(mapping),
    );
    this.#journal.announce([...going, ...unknown], 'by-provider');
    const mapBytes = file?.bytes.length ?? 0;
    const asked = await forgetInBridge(bridge, going, this.#recheck, mapBytes, isAskedToEnd);
    this.#unsure = asked.unsure;
    for (const { message } of asked.failures) this.#problems.error(message);
    for (const key of asked.forgotten) this.#removed.set(key, 'bridge');
    await this.#putBack(unknown);
    // When its memory is not known, the file may blockedBecause what it needs.
    if (asked.memory === undefined) return;
    const isStillThere = hasMapping(asked.memory);
    await this.#fromFile(going.filter(({ mapping }) => !isStillThere(mapping)));
  }

  /** What the bridge does not know, it has dropped from the file when it saved. */
  async #putBack(unknown: readonly Decision[]): Promise<void> {
    if (unknown.length === 0) return;
    this.#problems.warn(
      `${this.#location.path}: ${counted(unknown.length, 'mapping stands', 'mappings stand')} in the file alone: the bridge does not know them, and drops them when it saves the next time`,
      'restart it, so that it takes them up',
    );
    const mappings = unknown.map(({ mapping }) => mapping);
    this.#report(await restoreToFile(this.#location, mappings, this.#run));
    this.#keptInFile = unknown;
  }

  #report(committed: Omit<Committed, 'map'>): void {
    this.#collisions += committed.collisions;
    reportCommit(this.#location.path, committed, this.#problems);
  }

  /** The next run must know which of the announced removals took place. */
  end(): void {
    if (this.#journal.isEmpty) return;
    const isUnsure = ({ mapping }: Decision): boolean => this.#unsure.has(keyOf(mapping));
    const stayed = [
      ...this.#candidates.filter(({ mapping }) => !this.#removed.has(keyOf(mapping))),
      ...this.#keptInFile,
    ];
    try {
      this.#journal.end({
        kept: stayed.filter((decision) => !isUnsure(decision)).map(chatName),
        unsure: stayed.filter(isUnsure).map(chatName),
        collisions: this.#collisions,
      });
    } catch (error) {
      sayOrThrow(error, this.#problems);
    }
  }
}

function sayOrThrow(error: unknown, problems: Problems): void {
  if (!(error instanceof CleanupError)) throw error;
  problems.error(error.message);
}

/** What stands in the file alone while a bridge runs, whatever session it has. */
function unknownTo(memory: SessionMap | undefined, decisions: readonly Decision[]): Decision[] {
  const known = new Set((memory === undefined ? [] : mappingsOf(memory)).map(keyOf));
  return decisions.filter(({ mapping }) => !known.has(keyOf(mapping)));
}

function chatName({ mapping: { provider, chat } }: Decision) {
  return { provider, chat };
}
