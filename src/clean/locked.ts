import { millisecondsInDay } from 'date-fns/constants';
import { clearLeftovers } from '../commit/leftovers.js';
import { takeLock } from '../commit/lock.js';
import { pruneJournal } from '../journal/journal.js';
import type { Problems } from '../output/problems.js';
import type { CleanReport } from '../report/clean-report.js';
import type { MapLocation } from '../session-map/location.js';
import type { Assessment, AssessOptions } from '../sessions/assess.js';
import type { RemovalLimit } from './guards.js';
import { announceChange } from './on-change.js';
import { type Ending, type RecordedOptions, recordRun } from './record.js';
import { removeDecided } from './remove.js';
import { reportOf } from './result.js';

/** What a clean run is told. */
export interface RunOptions extends AssessOptions, Omit<RecordedOptions, 'roots'> {
  readonly dryRun: boolean;
  readonly maxRemove: RemovalLimit | undefined;
  readonly journalDays: number;
}

/** What a run found and decided, and whether a guard forbids to act on it. */
export interface Look {
  readonly assessment: Assessment;
  readonly isForbidden: boolean;
}

/** A clean run that may write: one at a time for a map. It leaves a record of how it ended. */
export async function cleanLocked(
  look: () => Promise<Look>,
  options: RunOptions,
  location: MapLocation,
  problems: Problems,
): Promise<CleanReport> {
  let ending: Ending = {};
  try {
    const release = await takeLock(location.directory);
    const { report, weaker } = await clean().finally(release);
    ending = { report, weaker };
    const removed = report.rows.filter(({ action }) => action === 'removed');
    if (options.onChange !== undefined && removed.length > 0) {
      const mappings = removed.map(({ decision }) => decision.mapping);
      await announceChange(options.onChange, mappings, location, problems);
    }
    return report;
  } catch (error) {
    ending = { ...ending, error };
    throw error;
  } finally {
    recordRun(ending, options, location, problems);
  }

  async function clean() {
    await clearLeftovers(location, problems);
    const { assessment, isForbidden } = await look();
    const goes = assessment.decisions.some(({ keptBecause }) => keptBecause === null);
    const removes = goes && !isForbidden;
    const removal = removes ? await removeDecided(assessment, location, problems) : undefined;
    // A clock that has jumped ahead must not make the journal old: the run before counts, too.
    const now = Math.min(Date.now(), Date.parse(assessment.lastRun?.endedAt ?? '1970-01-01'));
    pruneJournal(location, options.journalDays * millisecondsInDay, now, problems);
    const report = reportOf(assessment, isForbidden, removal, location, options);
    return { report, weaker: removal?.weaker };
  }
}
