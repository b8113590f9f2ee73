import { type Finding, findingLine } from '../output/finding.js';
import { hoursIdle, isoTime } from '../output/time.js';
import { type CleanReport, type Row, summarize } from './clean-report.js';

/** The version of every JSON document that we print; it moves when a field changes its meaning. */
export const JSON_VERSION = 1;

/** The stable JSON document of a clean run or of `list` (times ISO 8601, UTC). */
export function cleanJson(report: CleanReport, findings: readonly Finding[]): unknown {
  return {
    version: JSON_VERSION,
    command: report.command,
    dryRun: report.dryRun,
    thresholdHours: report.thresholdHours,
    cutoff: isoTime(report.cutoff),
    map: report.map,
    sessions: report.rows.map((row) => sessionJson(row, report.now)),
    gone: report.gone,
    summary: summarize(report),
    warnings: findings.map(findingLine),
  };
}

function sessionJson(
  { decision, action, via, project, sharedWith, weighed }: Row,
  now: number,
): unknown {
  const { mapping, state, lastActivity, transcript, running, keptBecause } = decision;
  return {
    provider: mapping.provider,
    chat: mapping.chat,
    session: mapping.session,
    state,
    lastActivity: lastActivity === null ? null : isoTime(lastActivity),
    idleHours: lastActivity === null ? null : Number(hoursIdle(lastActivity, now)),
    transcript,
    running,
    // What is undefined is left out.
    project,
    sharedWith,
    action,
    via,
    keptBecause,
    weighed,
  };
}
