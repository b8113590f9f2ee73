import type { Bridge } from './bridge/client.js';
import { forgetInBridge } from './bridge/forget.js';
import { type Decision, decide, isIdle } from './decide.js';
import { CleanupError, reason } from './errors.js';
import { type Examination, reportUnreadable } from './examine.js';
import { type Inspection, inspect } from './inspect.js';
import { hasMapping } from './mapped.js';
import type { Problems } from './problems.js';
import { appendToJournal } from './session-map/journal.js';
import type { MapLocation } from './session-map/location.js';
import { keyOf } from './session-map/merge.js';
import { type Candidate, removedEntry, removeFromFile } from './session-map/remove.js';
import { undisturbed } from './signals.js';

/** What became of the mappings that were to go, by their keys. */
export interface Removal {
  readonly removed: ReadonlyMap<string, 'bridge' | 'file'>;
  /** The last look at those that stayed because they became active meanwhile. */
  readonly revived: ReadonlyMap<string, Decision>;
}

/**
 * Removes what was decided: from the bridge's memory while a bridge runs, and from the file. What
 * goes wrong is said as an error; the mappings that it concerns stay.
 *
 * @param run the id of this run, for the journal
 */
export async function removeDecided(
  examination: Examination,
  location: MapLocation,
  bridge: Bridge | undefined,
  run: string,
  problems: Problems,
): Promise<Removal> {
  const lastLook = new LastLook(examination, problems);
  const stays = (candidate: Candidate): boolean => lastLook.stays(candidate);
  const candidates = examination.decisions.filter(({ removes }) => removes);
  const removed = new Map<string, 'bridge' | 'file'>();
  let collisions = 0;
  try {
    let forFile: readonly Decision[] = candidates;
    let journaled: ReadonlySet<string> = new Set();
    if (bridge !== undefined && examination.mapped.memory !== undefined) {
      const isInMemory = hasMapping(examination.mapped.memory);
      const inMemory = candidates.filter(({ mapping }) => isInMemory(mapping));
      appendToJournal(location.directory, entriesOf(inMemory, run));
      journaled = new Set(inMemory.map(keyOfDecision));
      const { forgotten, memory, failures } = await forgetInBridge(bridge, inMemory, stays);
      for (const { message } of failures) problems.error(message);
      for (const key of forgotten) removed.set(key, 'bridge');
      const isStillThere = hasMapping(memory);
      // When its memory is not known, the file may hold what it needs.
      forFile =
        memory === undefined ? [] : candidates.filter(({ mapping }) => !isStillThere(mapping));
    }
    if (forFile.length > 0) {
      const result = await undisturbed(() =>
        removeFromFile(location, forFile, run, journaled, stays),
      );
      collisions = result.collisions;
      if (result.brokenWriter) problems.warn(brokenWriter(location));
      for (const key of result.removed) if (!removed.has(key)) removed.set(key, 'file');
    }
  } catch (error) {
    if (!(error instanceof CleanupError)) throw error;
    problems.error(error.message);
  }
  const kept = candidates.filter((decision) => !removed.has(keyOfDecision(decision)));
  endRun(location, kept, run, collisions, problems);
  return { removed, revived: lastLook.revived };
}

/** The decision taken anew, right before it takes effect. */
class LastLook {
  readonly #examination: Examination;
  readonly #problems: Problems;
  #inspection: Inspection | undefined;
  readonly #goes = new Set<string>();
  readonly revived = new Map<string, Decision>();

  constructor(examination: Examination, problems: Problems) {
    this.#examination = examination;
    this.#problems = problems;
  }

  /** Whether a session that was to go has become active, or can't be looked at any more. */
  stays({ mapping }: Candidate): boolean {
    const inspection = this.#look();
    const { family, session } = mapping;
    if (family === undefined || session === null) return true;
    if (!this.#goes.has(keyOf(mapping.provider, mapping.chat))) return true;
    try {
      const latest = inspection.latestActivity(family, session);
      return latest !== null && !isIdle(latest, this.#examination.policy);
    } catch (error) {
      this.#problems.error(`${mapping.provider}/${mapping.chat}: kept: ${reason(error)}`);
      return true;
    }
  }

  /** One more sweep, for files that are new since the first one. */
  #look(): Inspection {
    if (this.#inspection !== undefined) return this.#inspection;
    const { decisions, inspection, policy } = this.#examination;
    const mappings = decisions.map(({ mapping }) => mapping);
    this.#inspection = inspect(mappings, inspection.roots, policy.keepRunning);
    const anew = decide(mappings, this.#inspection, policy);
    reportUnreadable(anew, this.#inspection, this.#problems);
    for (const decision of anew) {
      const key = keyOfDecision(decision);
      if (decision.removes) this.#goes.add(key);
      else this.revived.set(key, decision);
    }
    return this.#inspection;
  }
}

function entriesOf(decisions: readonly Decision[], run: string) {
  return decisions.flatMap((decision) => {
    const { session, raw } = decision.mapping;
    return session === null ? [] : [removedEntry(run, decision, session, raw)];
  });
}

/** The next run must know which of the announced removals took place. */
function endRun(
  { directory }: MapLocation,
  kept: readonly Decision[],
  run: string,
  collisions: number,
  problems: Problems,
): void {
  try {
    const at = new Date().toISOString();
    const mappings = kept.map(({ mapping: { provider, chat } }) => ({ provider, chat }));
    appendToJournal(directory, [{ op: 'done', run, at, kept: mappings, collisions }]);
  } catch (error) {
    if (!(error instanceof CleanupError)) throw error;
    problems.error(error.message);
  }
}

function keyOfDecision({ mapping }: Decision): string {
  return keyOf(mapping.provider, mapping.chat);
}

function brokenWriter({ path }: MapLocation): string {
  return `${path}: a program that was writing it stopped in the middle; the map is whole, that program's last change is not in it`;
}
