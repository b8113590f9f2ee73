import { type CleanReport, type Row, sectionsOf } from '../report/clean-report.js';
import type { MapLocation } from '../session-map/location.js';
import { keyOf } from '../session-map/parse.js';
import type { Decision } from '../sessions/decide.js';
import type { GuardedAssessment } from './guards.js';
import type { Removal } from './remove.js';

/**
 * The report of a clean run.
 *
 * @param removal undefined when nothing was to be removed, or in a dry run
 */
export function reportOf(
  { assessment, blockedBecause }: GuardedAssessment,
  removal: Removal | undefined,
  location: MapLocation,
  options: Pick<CleanReport, 'dryRun' | 'thresholdHours'>,
): CleanReport {
  const { decisions, policy, mapped, writtenBack } = assessment;
  const rows = decisions.map((decision) =>
    rowOf(decision, removal, blockedBecause, options.dryRun),
  );
  return {
    command: 'clean',
    dryRun: options.dryRun,
    thresholdHours: options.thresholdHours,
    now: policy.now,
    cutoff: policy.now - policy.thresholdMs,
    map: location.named,
    hasMap: mapped.file !== undefined,
    mapped: rows.length,
    sections: sectionsOf(mapped, rows),
    writtenBack: writtenBack.length,
    withBridge: mapped.memory !== undefined,
  };
}

function rowOf(
  decision: Decision,
  removal: Removal | undefined,
  blockedBecause: string | undefined,
  dryRun: boolean,
): Row {
  const kept = { action: 'kept', via: null } as const;
  if (!decision.removes) return { decision, ...kept, note: noteOn(decision) };
  if (blockedBecause !== undefined)
    return { decision: stayed(decision), ...kept, note: blockedBecause };
  if (dryRun) return { decision, action: 'would-remove', via: null, note: null };
  const key = keyOf(decision.mapping);
  const via = removal?.removed.get(key);
  if (via !== undefined) return { decision, action: 'removed', via, note: null };
  const staying = removal?.staying.get(key);
  if (staying !== undefined) {
    const note = staying.state === 'active' ? 'it became active during the run' : noteOn(staying);
    return { decision: staying, ...kept, note };
  }
  return {
    decision: stayed(decision),
    ...kept,
    note: 'it could not be removed, or changed during the run',
  };
}

function stayed(decision: Decision): Decision {
  return { ...decision, removes: false };
}

function noteOn({ state, running }: Decision): string | null {
  // What else is idle goes.
  if (state !== 'idle') return null;
  return running ? 'its process runs right now' : 'its process may run right now';
}
