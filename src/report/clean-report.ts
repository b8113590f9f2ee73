import type { LastRun } from '../journal/last-run.js';
import type { Removals } from '../journal/outcomes.js';
import type { Decision, State } from '../sessions/decide.js';
import type { Weighed } from './details.js';

/** What became of one mapping. */
export interface Row {
  readonly decision: Decision;
  readonly action: 'kept' | 'removed' | 'would-remove';
  /** Which way it went; null when it did not go. */
  readonly via: 'file' | 'bridge' | null;
  /** Why an idle mapping was kept, in words. */
  readonly note: string | null;
  /** Of `list`: the project that the session works in. */
  readonly project?: string | null;
  /** Of `list`: the other chats that have the same session. */
  readonly sharedWith?: readonly string[];
  /** Of `list` with chats. */
  readonly weighed?: Weighed | undefined;
}

/** Everything that a report of a clean run, or of `list`, tells. */
export interface CleanReport {
  readonly command: 'clean' | 'list';
  readonly dryRun: boolean;
  readonly thresholdHours: number;
  /** ms since the epoch */
  readonly now: number;
  /** Sessions whose last activity was before this are idle; ms since the epoch. */
  readonly cutoff: number;
  /** The map's path, as the user knows it. */
  readonly map: string;
  /** False when there is no map yet. */
  readonly hasMap: boolean;
  /** How many mappings there are; `list` may show a part of them. */
  readonly mapped: number;
  /** The map's sections, which may be empty. */
  readonly sections: readonly string[];
  /** In the order of the sections, or as `list` was asked to sort them. */
  readonly rows: readonly Row[];
  /** Those of them that earlier runs removed and the bridge has written back. */
  readonly writtenBack: number;
  /** Whether a bridge was asked: then the report tells which way each mapping went. */
  readonly withBridge: boolean;
  /** Of `list`: the record of the last real run, where there is one. */
  readonly lastRun?: LastRun | undefined;
  /** Of `list` with chats: those that are not mapped, and were. */
  readonly gone?: readonly Removals[] | undefined;
}

/** The counts of a report's rows by state and action. */
export function summarize({ rows, writtenBack }: Pick<CleanReport, 'rows' | 'writtenBack'>) {
  const count = (wanted: Row['action']) => rows.filter(({ action }) => action === wanted).length;
  return {
    checked: rows.length,
    ...countByState(rows),
    removed: count('removed'),
    wouldRemove: count('would-remove'),
    writtenBack,
  };
}

/** How many of these rows' sessions are in each state. */
export function countByState(rows: readonly Row[]): Record<State, number> {
  const counts = { active: 0, idle: 0, missing: 0, unreadable: 0, unrecognized: 0 };
  for (const { decision } of rows) counts[decision.state] += 1;
  return counts;
}
