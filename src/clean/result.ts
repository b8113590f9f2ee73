import type { CleanReport, Row } from '../report/clean-report.js';
import type { MapLocation } from '../session-map/location.js';
import type { Decision, KeptBecause } from '../sessions/decide.js';
import type { GuardedAssessment } from './guards.js';
import { type Removal, wayOf } from './remove.js';

const HOUR_MS = 3600 * 1000;

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
  const cutoff = policy.now - options.thresholdHours * HOUR_MS;
  const rows = decisions.map((decision) =>
    rowOf(decision, removal, blockedBecause, options.dryRun, cutoff),
  );
  return {
    command: 'clean',
    dryRun: options.dryRun,
    thresholdHours: options.thresholdHours,
    now: policy.now,
    cutoff,
    map: location.named,
    hasMap: mapped.file !== undefined,
    mapped: rows.length,
    sections: mapped.sections.map(({ provider }) => provider),
    rows,
    writtenBack: writtenBack.length,
    withBridge: mapped.memory !== undefined,
  };
}

function rowOf(
  decision: Decision,
  removal: Removal | undefined,
  blockedBecause: string | undefined,
  dryRun: boolean,
  cutoff: number,
): Row {
  const kept = (stays: Decision, note: string | null): Row => ({
    decision: stays,
    action: 'kept',
    via: null,
    note,
  });
  if (!decision.removes) return kept(decision, noteOn(decision, cutoff));
  if (blockedBecause !== undefined) return kept(stayed(decision, 'guard'), blockedBecause);
  if (dryRun) return { decision, action: 'would-remove', via: null, note: null };
  const via = removal && wayOf(removal.gone, decision.mapping);
  if (via !== undefined) return { decision, action: 'removed', via, note: null };
  const staying = removal?.staying.get(decision.mapping);
  if (staying === undefined) {
    const note = 'it could not be removed, or changed during the run';
    return kept(stayed(decision, 'doubt'), note);
  }
  const isActive = staying.state === 'active';
  return kept(staying, isActive ? 'it became active during the run' : noteOn(staying, cutoff));
}

function stayed(decision: Decision, keptBecause: KeptBecause): Decision {
  return { ...decision, removes: false, keptBecause };
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
