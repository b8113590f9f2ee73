import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reason } from '../errors.js';
import { readLastRun } from '../journal/last-run.js';
import { problem } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import type { CleanReport } from '../report/clean-report.js';
import { MAP_NAME } from '../session-map/location.js';
import { followLinks } from '../system/follow-links.js';
import { replaceFile } from '../system/replace-file.js';
import { metricsText, PREFIX } from './text.js';

// The node exporter runs as a user of its own, whatever our umask.
const READABLE_BY_ALL = 0o644;
const ENDING = '.prom';

/**
 * Writes the metrics of a run that ends now; the last time is the one that counts. That they can't be
 * written is a problem of the run.
 *
 * @param report undefined when the run failed
 * @param problems with errors among them it has failed, too
 */
export function writeMetrics(
  file: string,
  sessionDir: string,
  report: CleanReport | undefined,
  problems: Problems,
): void {
  const map = join(sessionDir, MAP_NAME);
  const succeeded = report !== undefined && !problems.hasErrors;
  const { counters } = readLastRun(directoryOf(map)) ?? {};
  try {
    replaceMetrics(file, metricsText({ map, succeeded, counters, report }));
  } catch (error) {
    problems.add(problem(file, `can't write the metrics: ${reason(error)}`));
  }
}

/** Where the map's record lies: beside the map itself, when that is behind a link. */
function directoryOf(map: string): string {
  try {
    return dirname(realpathSync(map));
  } catch {
    return dirname(map);
  }
}

/** In one step, so that the node exporter never reads half a file; and only ever over a file of metrics. */
function replaceMetrics(start: string, text: string): void {
  const { path, stats } = followLinks(start, (at) => {
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() && ![0, process.geteuid?.()].includes(found.uid)) {
      throw new Error(`the link ${at} belongs to user ${found.uid}`);
    }
    return found;
  });
  if (stats !== undefined && !stats.isFile()) throw new Error('it is not a regular file');
  const size = stats?.size ?? 0;
  if (size === 0 && !path.endsWith(ENDING)) throw new Error(`its name must end in ${ENDING}`);
  if (size > 0 && !readFileSync(path, 'utf8').startsWith(`# HELP ${PREFIX}`))
    throw new Error('it holds something else than metrics; left untouched');
  // The node exporter reads *.prom: the temp file must not end so.
  const temp = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`);
  replaceFile(path, text, { temp, mode: READABLE_BY_ALL });
}
