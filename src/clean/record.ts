import { CleanupError, EXIT, reason } from '../errors.js';
import { LAST_RUN_NAME, type Run, readLastRun, writeLastRun } from '../journal/last-run.js';
import { findingLine } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import { type CleanReport, summarize } from '../report/clean-report.js';
import { type MapPlace, mustBeInPlace } from '../session-map/location.js';
import { nextWaiting } from '../sessions/waiting.js';
import type { Removal } from './remove.js';

/** How a run ended. */
export interface Ending {
  /** Undefined when it failed before it had one. */
  readonly report?: CleanReport;
  readonly weaker?: Removal['weaker'];
  readonly error?: unknown;
}

/** What of a run's options is recorded. */
export type RecordedOptions = Pick<Run, 'sessionDir' | 'thresholdHours' | 'roots'> & {
  readonly bridgeUrl: URL | undefined;
  readonly onChange: string | undefined;
};

/**
 * Leaves the record of this run beside the map. That it can't be written is a warning, where nothing
 * worse is to be said. A run that found the map locked leaves none: the run that holds the lock will.
 */
export function recordRun(
  { report, weaker, error }: Ending,
  { sessionDir, thresholdHours, roots, bridgeUrl, onChange }: RecordedOptions,
  place: MapPlace,
  problems: Problems,
): void {
  const hasFailed = error !== undefined || problems.hasErrors;
  const otherwise = hasFailed ? EXIT.failed : EXIT.done;
  const exitStatus = error instanceof CleanupError ? error.exitStatus : otherwise;
  if (exitStatus === EXIT.locked) return;
  const before = readLastRun(place.directory);
  const waiting = before?.missing ?? {};
  const staying = report?.rows.filter(({ action }) => action !== 'removed') ?? [];
  const decisions = staying.map(({ decision }) => decision);
  const first = problems.all.find(({ level }) => level === 'problem');
  const told = first === undefined ? null : findingLine(first);
  try {
    mustBeInPlace(place);
    writeLastRun(
      place.directory,
      {
        endedAt: new Date().toISOString(),
        exitStatus,
        error: error === undefined ? told : reason(error),
        removed: report === undefined ? 0 : summarize(report).removed,
        weaker: weaker === undefined ? (before?.weaker ?? null) : weaker,
        // A run that came to no decision leaves them as they were.
        missing: report === undefined ? waiting : nextWaiting(waiting, decisions, report.now),
        ...{ sessionDir, thresholdHours, roots },
        ...{ bridgeUrl: bridgeUrl?.href ?? null, onChange: onChange ?? null },
      },
      before,
    );
  } catch (failure) {
    if (exitStatus === EXIT.failed) return;
    problems.warn(`${place.directory}/${LAST_RUN_NAME}: can't be written: ${reason(failure)}`);
  }
}
