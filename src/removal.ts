import type { Bridge } from './bridge/client.js';
import { forgetInBridge } from './bridge/forget.js';
import type { Decision } from './decide.js';
import { CleanupError } from './errors.js';
import type { Examination } from './examine.js';
import { LastLook } from './last-look.js';
import { hasMapping } from './mapped.js';
import type { Problems } from './problems.js';
import { reportCommit } from './session-map/commit-report.js';
import { appendToJournal } from './session-map/journal.js';
import type { MapLocation } from './session-map/location.js';
import { readMap } from './session-map/read.js';
import { removedEntry, removeFromFile } from './session-map/remove.js';
import { restoreToFile } from './session-map/restore.js';
import { keyOf, mappingsOf, type SessionMap } from './session-map/session-map.js';
import { undisturbed } from './signals.js';

/** What became of the mappings that were to go, by their keys. */
export interface Removal {
  readonly removed: ReadonlyMap<string, 'bridge' | 'file'>;
  /** The decision at the last look, of those that it let stay. */
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
  const candidates = examination.decisions.filter(({ removes }) => removes);
  const removed = new Map<string, 'bridge' | 'file'>();
  let unsure: ReadonlySet<string> = new Set();
  let collisions = 0;
  const journaled = new Map<string, string>();
  const fromFile = async (going: readonly Decision[]): Promise<void> => {
    if (going.length === 0) return;
    const result = await undisturbed(() =>
      removeFromFile(location, going, run, journaled, lastLook),
    );
    collisions += result.collisions;
    reportCommit(location.path, result, problems);
    for (const key of result.removed) if (!removed.has(key)) removed.set(key, 'file');
  };
  const keptInFile: Decision[] = [];
  const keepInFile = async (unknown: readonly Decision[]): Promise<void> => {
    if (unknown.length === 0) return;
    problems.warn(unknownMappings(unknown.length, location));
    const mappings = unknown.map(({ mapping }) => mapping);
    const result = await undisturbed(() => restoreToFile(location, mappings, run));
    reportCommit(location.path, result, problems);
    keptInFile.push(...unknown);
  };
  try {
    const { memory, file } = examination.mapped;
    const isInMemory = hasMapping(memory);
    // Before the bridge saves: what its memory does not know must be in the journal when it goes.
    await fromFile(candidates.filter(({ mapping }) => !isInMemory(mapping)));
    const inMemory = candidates.filter(({ mapping }) => isInMemory(mapping));
    if (bridge !== undefined && inMemory.length > 0) {
      // The bridge writes its memory over the file: what it does not know must be in the journal, too.
      const isInFile = hasMapping((await readMap(location.path))?.map);
      const unknown = unknownTo(memory, examination.decisions).filter(({ mapping }) =>
        isInFile(mapping),
      );
      appendToJournal(location.directory, entriesOf([...inMemory, ...unknown], run));
      for (const { mapping } of inMemory) journaled.set(keyOf(mapping), mapping.raw);
      const asked = await forgetInBridge(bridge, inMemory, lastLook, file?.bytes.length ?? 0);
      unsure = asked.unsure;
      for (const { message } of asked.failures) problems.error(message);
      for (const key of asked.forgotten) removed.set(key, 'bridge');
      await keepInFile(unknown);
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
  const stayed = [
    ...candidates.filter((decision) => !removed.has(keyOfDecision(decision))),
    ...keptInFile,
  ];
  if (journaled.size > 0) endRun(location, stayed, unsure, run, collisions, problems);
  return { removed, revived: lastLook.revived };
}

function entriesOf(decisions: readonly Decision[], run: string) {
  return decisions.flatMap((decision) => {
    const { session, raw } = decision.mapping;
    return session === null ? [] : [removedEntry(run, decision, session, raw, 'by-provider')];
  });
}

/** What stands in the file alone while a bridge runs, whatever session it has. */
function unknownTo(memory: SessionMap | undefined, decisions: readonly Decision[]): Decision[] {
  const known = new Set((memory === undefined ? [] : mappingsOf(memory)).map(keyOf));
  return decisions.filter((decision) => !known.has(keyOfDecision(decision)));
}

function unknownMappings(count: number, { path }: MapLocation): string {
  return (
    `${path}: ${count} mappings stand in the file alone: the bridge does not know them, and drops them ` +
    'when it saves the next time. Restart it, so that it takes them up'
  );
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
  return keyOf(mapping);
}
