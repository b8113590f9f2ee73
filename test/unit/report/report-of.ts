import type { CleanReport, Row } from '../../../src/report/clean-report.js';
import type { Decision } from '../../../src/sessions/decide.js';

export const NOW = Date.parse('2026-11-30T12:00:00Z');
export const HOUR_MS = 3600 * 1000;

/** A Claude Code session that was idle for 5 hours and went, but for what is said. */
export function rowOf(
  decision: Partial<Omit<Decision, 'mapping'>> & {
    readonly mapping?: Partial<Decision['mapping']>;
  },
  row: Partial<Omit<Row, 'decision'>> = {},
): Row {
  const { mapping, ...rest } = decision;
  const session = '0856b851-0000-4000-8000-000000000000';
  return {
    action: 'removed',
    via: 'file',
    note: null,
    ...row,
    decision: {
      mapping: {
        provider: 'claude-cli',
        family: 'claude',
        chat: 'dace53ab-1111',
        session,
        raw: `"${session}"`,
        ...mapping,
      },
      state: 'idle',
      lastActivity: NOW - 5 * HOUR_MS,
      transcript: `/home/u/.claude/projects/-srv/${session}.jsonl`,
      running: false,
      keptBecause: null,
      ...rest,
    },
  };
}

/** The report of a clean run with these rows in one section. */
export function reportOf(rows: readonly Row[], rest: Partial<CleanReport> = {}): CleanReport {
  return {
    command: 'clean',
    dryRun: false,
    thresholdHours: 2,
    now: NOW,
    cutoff: NOW - 2 * HOUR_MS,
    map: '/map/session_map.json',
    hasMap: true,
    mapped: rows.length,
    sections: [...new Set(rows.map(({ decision }) => decision.mapping.provider))],
    rows,
    writtenBack: 0,
    withBridge: false,
    ...rest,
  };
}
