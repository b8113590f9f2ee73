import { millisecondsInHour } from 'date-fns/constants';
import type { CleanReport, Row } from '../report/clean-report.js';
import type { MapLocation } from '../session-map/location.js';
import type { Assessment } from '../sessions/assess.js';
import type { Decision } from '../sessions/decide.js';
import type { Removal } from './remove.js';

/**
 * The report of a clean run.
 *
 * @param removal undefined when nothing was removed: a guard forbade it, or it is a dry run
 */
export function reportOf(
  { decisions, policy: { now }, mapped, writtenBack }: Assessment,
  isForbidden: boolean,
  removal: Removal | undefined,
  location: MapLocation,
  { dryRun, thresholdHours }: Pick<CleanReport, 'dryRun' | 'thresholdHours'>,
): CleanReport {
  const cutoff = now - thresholdHours * millisecondsInHour;
  return {
    command: 'clean',
    dryRun,
    thresholdHours,
    now,
    cutoff,
    map: location.named,
    hasMap: mapped.file !== undefined,
    mapped: decisions.length,
    sections: mapped.sections.map(({ provider }) => provider),
    rows: decisions.map(rowOf),
    writtenBack: writtenBack.length,
    withBridge: mapped.memory !== undefined,
  };

  function rowOf(decision: Decision): Row {
    if (decision.keptBecause !== null) return kept(decision);
    if (isForbidden) {
      return kept({ ...decision, keptBecause: 'guard' }, 'nothing is removed; the error says why');
    }
    if (dryRun) return { decision, action: 'would-remove', via: null, note: null };
    const via = removal?.gone.get(decision.mapping);
    if (via !== undefined) return { decision, action: 'removed', via, note: null };
    const staying = removal?.staying.get(decision.mapping);
    if (staying?.state === 'active') return kept(staying, 'it became active during the run');
    if (staying !== undefined) return kept(staying);
    const note = 'it could not be removed, or changed during the run';
    return kept({ ...decision, keptBecause: 'doubt' }, note);
  }

  function kept(decision: Decision, note = noteOn(decision, cutoff)): Row {
    return { decision, action: 'kept', via: null, note };
  }
}

/** Why it was kept, where its state does not say so. */
function noteOn({ state, keptBecause, lastActivity }: Decision, cutoff: number): string | null {
  if (keptBecause === 'rule') return '--keep names it';
  if (keptBecause === 'running') return 'its process runs right now';
  if (keptBecause === 'guard') return 'what was found of its CLI is suspicious';
  if (keptBecause === 'doubt' && state === 'idle') return 'its process may run right now';
  const isYoung = lastActivity === null || lastActivity >= cutoff;
  return state === 'active' && !isYoung ? '--hours gives it longer' : null;
}
