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
  let unsure: ReadonlySet<string> = new Set();
  let collisions = 0;
  const journaled = new Set<string>();
  const fromFile = async (going: readonly Decision[]): Promise<void> => {
    if (going.length === 0) return;
    const result = await undisturbed(() => removeFromFile(location, going, run, journaled, stays));
    collisions += result.collisions;
    if (result.brokenWriter) problems.warn(brokenWriter(location));
    for (const key of result.removed) if (!removed.has(key)) removed.set(key, 'file');
  };
  try {
    const { memory, file } = examination.mapped;
    const isInMemory = hasMapping(memory);
    // Before the bridge saves: what its memory does not know must be in the journal when it goes.
    await fromFile(candidates.filter(({ mapping }) => !isInMemory(mapping)));
    const inMemory = candidates.filter(({ mapping }) => isInMemory(mapping));
    if (bridge !== undefined && inMemory.length > 0) {
      appendToJournal(location.directory, entriesOf(inMemory, run));
      for (const decision of inMemory) journaled.add(keyOfDecision(decision));
      const asked = await forgetInBridge(bridge, inMemory, stays, file?.bytes.length ?? 0);
      unsure = asked.unsure;
      for (const { message } of asked.failures) problems.error(message);
      for (const key of asked.forgotten) removed.set(key, 'bridge');
      // When its memory is not known, the file may hold what it needs.
      const isStillThere = hasMapping(asked.memory);
      if (asked.memory !== undefined) {
        await fromFile(inMemory.filter(({ mapping }) => !isStillThere(mapping)));
      }
    }
  } catch (error) {
    if (!(error instanceof CleanupError)) throw error;
    problems.error(error.message);
  }
  const stayed = candidates.filter((decision) => !removed.has(keyOfDecision(decision)));
  if (journaled.size > 0) endRun(location, stayed, unsure, run, collisions, problems);
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
  stayed: readonly Decision[],
  unsure: ReadonlySet<string>,
  run: string,
  collisions: number,
  problems: Problems,
): void {
  const isUnsure = (decision: Decision): boolean => unsure.has(keyOfDecision(decision));
  const entry = {
    op: 'done',
    run,
    at: new Date().toISOString(),
    kept: stayed.filter((decision) => !isUnsure(decision)).map(chatName),
    unsure: stayed.filter(isUnsure).map(chatName),
    collisions,
  } as const;
  try {
    appendToJournal(directory, [entry]);
  } catch (error) {
    if (!(error instanceof CleanupError)) throw error;
    problems.error(error.message);
  }
}

function chatName({ mapping: { provider, chat } }: Decision) {
  return { provider, chat };
}

function keyOfDecision({ mapping }: Decision): string {
  return keyOf(mapping.provider, mapping.chat);
}

function brokenWriter({ path }: MapLocation): string {
  return `${path}: a program that was writing it stopped in the middle; the map is whole, that program's last change is not in it`;
}
