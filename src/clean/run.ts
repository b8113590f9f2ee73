import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Bridge } from '../bridge/client.js';
import { clearLeftovers } from '../commit/leftovers.js';
import { takeLock } from '../commit/lock.js';
import { pruneJournal, readJournal } from '../journal/journal.js';
import type { CleanOptions } from '../options/resolve.js';
import type { Problems } from '../output/problems.js';
import { type CleanReport, summarize } from '../report/clean-report.js';
import { foreignGroup, locateMap, type MapLocation } from '../session-map/location.js';
import { assess } from '../sessions/assess.js';
import { type GuardedAssessment, guard } from './guards.js';
import { runOnChange } from './on-change.js';
import { removeDecided } from './remove.js';
import { reportOf } from './result.js';

const DAY_MS = 24 * 3600 * 1000;

/**
 * A clean run from the map to what became of it; a dry one ends with the decision.
 *
 * @param problems what is worth telling; it grows
 * @throws CleanupError when the run could not come to its decision; the map is whole
 */
export async function runClean(options: CleanOptions, problems: Problems): Promise<CleanReport> {
  const location = locateMap(options.sessionDir, !options.dryRun, problems);
  const group = foreignGroup(location);
  if (group !== undefined) problems.add(group);
  const bridge = options.bridgeUrl && new Bridge(options.bridgeUrl);
  const look = async (): Promise<GuardedAssessment> => {
    const journal = readJournal(location.directory);
    const showsRunning = options.json || options.verbose;
    const assessment = await assess(
      options,
      location,
      bridge,
      journal,
      showsRunning,
      problems,
      !options.dryRun,
    );
    return { assessment, blockedBecause: guard(assessment, options, problems) };
  };
  if (options.dryRun || !existsSync(location.path)) {
    return reportOf(await look(), undefined, location, options);
  }

  const release = await takeLock(location.directory);
  let report: CleanReport;
  try {
    const id = randomUUID();
    await clearLeftovers(location, readJournal(location.directory), id, problems);
    const { assessment, blockedBecause } = await look();
    const hasWork =
      assessment.decisions.some(({ removes }) => removes) && blockedBecause === undefined;
    const removal = hasWork
      ? await removeDecided(assessment, location, bridge, id, problems)
      : undefined;
    report = reportOf({ assessment, blockedBecause }, removal, location, options);
    pruneJournal(location.directory, options.journalDays * DAY_MS, Date.now(), id, problems);
  } finally {
    release();
  }
  await announceChange(report, location, options, problems);
  return report;
}

async function announceChange(
  report: CleanReport,
  location: MapLocation,
  { onChange }: CleanOptions,
  problems: Problems,
): Promise<void> {
  const { removed } = summarize(report);
  if (onChange === undefined || removed === 0) return;
  const failure = await runOnChange(onChange, removed, location.path);
  if (failure !== undefined) {
    problems.error(`the --on-change command failed: ${failure}; the map stays cleaned`);
  }
}
