import { existsSync } from 'node:fs';
import type { Problems } from '../output/problems.js';
import type { CleanReport } from '../report/clean-report.js';
import { locateMap, type MapLocation } from '../session-map/location.js';
import { assess } from '../sessions/assess.js';
import { guard } from './guards.js';
import type { Look, RunOptions } from './locked.js';
import { reportOf } from './result.js';

/**
 * A clean run from the map to what became of it; a dry one ends with the decision.
 *
 * @throws CleanupError when the run could not come to its decision; the map is whole
 */
export async function runClean(options: RunOptions, problems: Problems): Promise<CleanReport> {
  const location = locateMap(options.sessionDir, !options.dryRun, problems);
  if (options.dryRun || !existsSync(location.path)) {
    const { assessment, isForbidden } = await look(options, location, problems);
    return reportOf(assessment, isForbidden, undefined, location, options);
  }
  // A file of its own: a dry run does not need it.
  const { cleanLocked } = await import('./locked.js');
  return cleanLocked(() => look(options, location, problems), options, location, problems);
}

/** What a run finds and decides. */
async function look(options: RunOptions, location: MapLocation, problems: Problems): Promise<Look> {
  const assessment = await assess(options, location, problems);
  const forbidden = guard(assessment, options.maxRemove);
  if (forbidden !== undefined) problems.add(forbidden);
  return { assessment, isForbidden: forbidden !== undefined };
}
