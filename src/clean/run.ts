import { existsSync } from 'node:fs';
import { clearLeftovers } from '../commit/leftovers.js';
import { takeLock } from '../commit/lock.js';
import { pruneJournal } from '../journal/journal.js';
import type { Problems } from '../output/problems.js';
import type { CleanReport } from '../report/clean-report.js';
import { foreignGroup, locateMap, type MapLocation } from '../session-map/location.js';
import { type AssessOptions, assess } from '../sessions/assess.js';
import { guard, type RemovalLimit } from './guards.js';
import { announceChange } from './on-change.js';
import { type Ending, type RecordedOptions, recordRun } from './record.js';
import { removeDecided } from './remove.js';
import { reportOf } from './result.js';

const DAY_MS = 24 * 3600 * 1000;

/** What a clean run is told. */
export interface RunOptions extends AssessOptions, Omit<RecordedOptions, 'roots'> {
  readonly dryRun: boolean;
  readonly maxRemove: RemovalLimit | undefined;
  readonly journalDays: number;
}

/**
 * A clean run from the map to what became of it; a dry one ends with the decision.
 *
 * @throws CleanupError when the run could not come to its decision; the map is whole
 */
export async function runClean(options: RunOptions, problems: Problems): Promise<CleanReport> {
  const location = locateMap(options.sessionDir, !options.dryRun, problems);
  const group = foreignGroup(location);
  if (group !== undefined) problems.add(group);
  if (options.dryRun || !existsSync(location.path)) {
    return (await clean(options, location, true, problems)).report;
  }
  let ending: Ending = {};
  try {
    const release = await takeLock(location.directory);
    const cleaned = await clean(options, location, false, problems).finally(release);
    ending = cleaned;
    const removed = cleaned.report.rows.filter(({ action }) => action === 'removed');
    if (options.onChange !== undefined && removed.length > 0) {
      const mappings = removed.map(({ decision }) => decision.mapping);
      await announceChange(options.onChange, mappings, location, problems);
    }
    return cleaned.report;
  } catch (error) {
    ending = { ...ending, error };
    throw error;
  } finally {
    recordRun(ending, options, location, problems);
  }
}

/** What a run came to. */
type Cleaned = Pick<Ending, 'weaker'> & { readonly report: CleanReport };

/** @param looksOnly whether to end with the decision */
async function clean(
  options: RunOptions,
  location: MapLocation,
  looksOnly: boolean,
  problems: Problems,
): Promise<Cleaned> {
  if (!looksOnly) await clearLeftovers(location, problems);
  const assessment = await assess(options, location, problems);
  const forbidden = guard(assessment, options.maxRemove);
  if (forbidden !== undefined) problems.add(forbidden);
  const goes = assessment.decisions.some(({ keptBecause }) => keptBecause === null);
  const removes = goes && !looksOnly && forbidden === undefined;
  const removal = removes ? await removeDecided(assessment, location, problems) : undefined;
  if (!looksOnly) {
    // A clock that has jumped ahead must not make the journal old: the run before counts, too.
    const now = Math.min(Date.now(), Date.parse(assessment.lastRun?.endedAt ?? '1970-01-01'));
    pruneJournal(location, options.journalDays * DAY_MS, now, problems);
  }
  const report = reportOf(assessment, forbidden !== undefined, removal, location, options);
  return { report, weaker: removal?.weaker };
}
