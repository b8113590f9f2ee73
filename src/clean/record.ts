import { CleanupError, EXIT, type ExitStatus, reason } from '../errors.js';

import { LAST_RUN_NAME, type Run, readLastRun, writeLastRun } from '../journal/last-run.js';

import { findingLine } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import { type CleanReport, summarize } from '../report/clean-report.js';
import { type MapPlace, mustBeInPlace } from '../session-map/location.js';
import { nextWaiting, type WaitingList } from '../sessions/waiting.js';
import type { Removal } from './remove.js';

/** How a run ended. */
export interface Ending {
  /** ms since the epoch */
  readonly startedAt: number;
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
  { startedAt, report, weaker, error }: Ending,
  { sessionDir, thresholdHours, roots, bridgeUrl, onChange }: RecordedOptions,
  place: MapPlace,
  problems: Problems,
): void {
  const { directory } = place;
  const exitStatus = statusOf(error, problems);
  if (exitStatus === EXIT.locked) return;
  const before = readLastRun(directory);
  const first = problems.all.find(({ level }) => level === 'problem');
  const told = first === undefined ? null : findingLine(first);
  try {
    mustBeInPlace(place);
    writeLastRun(
      directory,
      {
        at: new Date(startedAt).toISOString(),
        endedAt: new Date().toISOString(),
        exitStatus,
        error: error === undefined ? told : reason(error),
        removed: report === undefined ? 0 : summarize(report).removed,
        weaker: weaker === undefined ? (before?.weaker ?? null) : weaker,
        missing: waitingAfter(report, before?.missing ?? {}),
        ...{ sessionDir, thresholdHours, roots },
        ...{ bridgeUrl: bridgeUrl?.href ?? null, onChange: onChange ?? null },
      },
      before,
    );
  } catch (failure) {
    if (exitStatus === EXIT.failed) return;
    problems.warn(`${directory}/${LAST_RUN_NAME}: can't be written: ${reason(failure)}`);
  }
}

/** Those that wait for `--missing remove`; a run that came to no decision leaves them as they were. */
function waitingAfter(report: CleanReport | undefined, before: WaitingList): WaitingList {
  if (report === undefined) return before;
  const staying = report.rows.filter(({ action }) => action !== 'removed');
  const decisions = staying.map(({ decision }) => decision);
  return nextWaiting(before, decisions, report.now);
}

function statusOf(error: unknown, problems: Problems): ExitStatus {
  if (error instanceof CleanupError) return error.exitStatus;
  return error !== undefined || problems.hasErrors ? EXIT.failed : EXIT.done;
}
