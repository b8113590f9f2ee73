import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Bridge } from '../bridge/client.js';
import { clearLeftovers } from '../commit/leftovers.js';
import { takeLock } from '../commit/lock.js';
import { Journal, pruneJournal } from '../journal/journal.js';
import { type LastRun, readLastRun } from '../journal/last-run.js';
import type { Problems } from '../output/problems.js';
import type { Roots } from '../providers/index.js';
import type { CleanReport } from '../report/clean-report.js';
import { foreignGroup, locateMap, type MapLocation } from '../session-map/location.js';
import { type AssessOptions, assess } from '../sessions/assess.js';
import type { RemovalLimit } from '../sessions/decide.js';
import { type GuardedAssessment, guard } from './guards.js';
import { announceChange } from './on-change.js';
import { type RecordedOptions, recordRun } from './record.js';
import { type Removal, removeDecided } from './remove.js';
import { reportOf } from './result.js';

const DAY_MS = 24 * 3600 * 1000;

/** What a clean run is told. */
export interface RunOptions extends AssessOptions, RecordedOptions {
  readonly roots: Roots;
  readonly bridgeUrl: URL | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly maxRemove: RemovalLimit | undefined;
  readonly journalDays: number;
}

/**
 * A clean run from the map to what became of it; a dry one ends with the decision.
 *
 * @param problems what is worth telling; it grows
 * @throws CleanupError when the run could not come to its decision; the map is whole
 */
export async function runClean(options: RunOptions, problems: Problems): Promise<CleanReport> {
  const startedAt = Date.now();
  const location = locateMap(options.sessionDir, !options.dryRun, problems);
  const group = foreignGroup(location);
  if (group !== undefined) problems.add(group);
  const before = readLastRun(location.directory);
  if (options.dryRun || !existsSync(location.path)) {
    const found = await look(options, location, before, problems);
    return reportOf(found, undefined, location, options);
  }
  const record = (ended: Partial<Cleaned>, error: unknown): void => {
    const ending = { startedAt, report: ended.report, weaker: ended.weaker, error };
    recordRun(ending, options, location, before, problems);
  };
  try {
    const cleaned = await cleanLocked(options, location, before, problems);
    const { report } = cleaned;
    const removed = report.rows.filter(({ action }) => action === 'removed');
    if (options.onChange !== undefined && removed.length > 0) {
      const mappings = removed.map(({ decision }) => decision.mapping);
      await announceChange(options.onChange, mappings, location, problems);
    }
    record(cleaned, undefined);
    return report;
  } catch (error) {
    record({}, error);
    throw error;
  }
}

async function look(
  options: RunOptions,
  location: MapLocation,
  before: LastRun | undefined,
  problems: Problems,
): Promise<GuardedAssessment> {
  const bridge = options.bridgeUrl && new Bridge(options.bridgeUrl);
  const journal = new Journal(location.directory);
  const showsRunning = options.json || options.verbose;
  const assessment = await assess(
    options,
    location,
    bridge,
    journal,
    before?.missing ?? {},
    showsRunning,
    problems,
    !options.dryRun,
  );
  return { assessment, blockedBecause: guard(assessment, options, before, problems) };
}

/** What a run came to under the lock. */
interface Cleaned {
  readonly report: CleanReport;
  readonly weaker: Removal['weaker'];
}

async function cleanLocked(
  options: RunOptions,
  location: MapLocation,
  before: LastRun | undefined,
  problems: Problems,
): Promise<Cleaned> {
  const release = await takeLock(location.directory);
  try {
    const id = randomUUID();
    await clearLeftovers(location, problems);
    const found = await look(options, location, before, problems);
    const hasWork =
      found.blockedBecause === undefined &&
      found.assessment.decisions.some(({ removes }) => removes);
    const bridge = options.bridgeUrl && new Bridge(options.bridgeUrl);
    const removal = hasWork
      ? await removeDecided(found.assessment, location, bridge, id, problems)
      : undefined;
    // A clock that has jumped ahead must not make the journal old: the run before counts, too.
    const now = Math.min(Date.now(), Date.parse(before?.endedAt ?? '1970-01-01'));
    pruneJournal(location, options.journalDays * DAY_MS, now, problems);
    const report = reportOf(found, removal, location, options);
    return { report, weaker: removal?.weaker };
  } finally {
    release();
  }
}
