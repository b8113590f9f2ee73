import type { Removals } from '../journal/removed-before.js';
import { type Finding, findingLine } from '../output/finding.js';
import { inWords } from '../providers/obstacle.js';
import type { Decision } from '../sessions/decide.js';
import { type CleanReport, type Row, rowsOf, summarize } from './clean-report.js';
import { hoursIdle } from './idle-hours.js';
import type { RestoreReport } from './restore-report.js';
import { resumeCommand } from './transcript-lines.js';
import type { Weighed } from './weighed.js';

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
    sessions: rowsOf(report).map((row) => sessionJson(row, report.now)),
    ...(report.gone === undefined
      ? {}
      : {
          gone: report.gone.map((removals) => ({
            provider: removals.provider,
            chat: removals.chat,
            removals: removalsJson(removals),
          })),
        }),
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
    ...(project === undefined ? {} : { project }),
    ...(sharedWith === undefined ? {} : { sharedWith }),
    action,
    via,
    keptBecause,
    ...(weighed === undefined ? {} : { weighed: weighedJson(weighed, decision) }),
  };
}

function weighedJson(
  { files, obstacles, removals, ...rest }: Weighed,
  decision: Decision,
): unknown {
  const { mapping, transcript } = decision;
  return {
    ...rest,
    files: files.map(({ path, part, mtimeMs }) => ({ path, part, modified: isoTime(mtimeMs) })),
    obstacles: obstacles.map((obstacle) => `${obstacle.path}: ${inWords(obstacle)}`),
    resume: transcript === null ? null : (resumeCommand(mapping, transcript) ?? null),
    removals: removalsJson(removals),
  };
}

function removalsJson(removals: Removals | undefined): unknown {
  return (removals?.all ?? []).map(({ at, session }) => ({ removedAt: at, session }));
}

/** The JSON document of a command that could not do its work. */
export function errorJson(command: string, message: string): unknown {
  return { version: JSON_VERSION, command, error: message };
}

// The years that a Date can show; a file can carry any time.
const LAST_TIME = 8.64e15;

function isoTime(time: number): string {
  return new Date(Math.round(Math.max(-LAST_TIME, Math.min(LAST_TIME, time)))).toISOString();
}

/** The stable JSON document of `restore`. */
export function restoreJson(report: RestoreReport, findings: readonly Finding[]): unknown {
  const count = (wanted: string): number =>
    report.rows.filter(({ action }) => action === wanted).length;
  return {
    version: JSON_VERSION,
    command: 'restore',
    dryRun: report.dryRun,
    map: report.map,
    mappings: report.rows.map(({ removal: { entry }, action }) => ({
      provider: entry.provider,
      chat: entry.chat,
      session: entry.session,
      removedAt: entry.at,
      lastActivity: entry.lastActivity === null ? null : isoTime(entry.lastActivity),
      action,
    })),
    summary: {
      restorable: count('restorable'),
      restored: count('restored'),
      wouldRestore: count('would-restore'),
      kept: count('kept'),
    },
    warnings: findings.map(findingLine),
  };
}
