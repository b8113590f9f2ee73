import { describe, expect, it } from 'vitest';
import type { Removal } from '../../../src/clean/remove.js';
import { reportOf } from '../../../src/clean/result.js';
import { ByChat } from '../../../src/session-map/by-chat.js';
import type { Decision } from '../../../src/sessions/decide.js';
import { assessed } from '../../support/assessed.js';
import { HOUR_MS, Home, uuid } from '../../support/home.js';

/** The rows of a run on two idle sessions and what stays for one reason each, by chat. */
async function rowsOf({
  isForbidden = false,
  dryRun = false,
  removal,
}: {
  isForbidden?: boolean;
  dryRun?: boolean;
  removal?: (decisions: readonly Decision[]) => Partial<Removal>;
}) {
  const home = new Home();
  for (const number of [1, 2, 3, 4]) home.claude(uuid(number), 5);
  home.claude(uuid(5), 0.1);
  home.writeMap({
    'claude-cli': { a: uuid(1), b: uuid(2), ops: uuid(3), slow: uuid(4), now: uuid(5) },
    'codex-cli': {},
  });
  const { assessment, location } = await assessed(home, {
    isKept: ({ chat }) => chat === 'ops',
    thresholdMsOf: ({ chat }) => (chat === 'slow' ? 9 : 2) * HOUR_MS,
  });
  const removed = removal && {
    ...{ gone: new ByChat<'file' | 'bridge'>(), staying: new ByChat<Decision>(), weaker: null },
    ...removal(assessment.decisions),
  };
  const options = { dryRun, thresholdHours: 2 };
  const report = reportOf(assessment, isForbidden, removed, location, options);
  const rows = Object.fromEntries(
    report.rows.map(({ decision, action, via, note }) => [
      decision.mapping.chat,
      { action, via, note, keptBecause: decision.keptBecause },
    ]),
  );
  return { home, report, rows };
}

const gone = (...ways: ('file' | 'bridge')[]) => {
  return (decisions: readonly Decision[]): Partial<Removal> => ({
    gone: ByChat.of(ways.entries(), ([at, way]) => [
      decisions[at]?.mapping ?? { provider: '', chat: '' },
      way,
    ]),
  });
};

describe('the report of a clean run', () => {
  it('tells which way each mapping went, and why others stay', async () => {
    const { rows } = await rowsOf({ removal: gone('file', 'bridge') });
    expect(rows).toEqual({
      a: { action: 'removed', via: 'file', note: null, keptBecause: null },
      b: { action: 'removed', via: 'bridge', note: null, keptBecause: null },
      ops: { action: 'kept', via: null, note: '--keep names it', keptBecause: 'rule' },
      slow: { action: 'kept', via: null, note: '--hours gives it longer', keptBecause: 'active' },
      now: { action: 'kept', via: null, note: null, keptBecause: 'active' },
    });
  });

  it('has the map, its sections and the moment that divides', async () => {
    const { home, report } = await rowsOf({ removal: gone() });
    expect(report).toMatchObject({
      ...{ command: 'clean', dryRun: false, thresholdHours: 2, map: home.mapPath, hasMap: true },
      ...{ mapped: 5, sections: ['claude-cli', 'codex-cli'], writtenBack: 0, withBridge: false },
      cutoff: report.now - 2 * HOUR_MS,
    });
  });

  it('of a dry run tells what would go', async () => {
    const { rows } = await rowsOf({ dryRun: true });
    expect(rows['a']).toMatchObject({ action: 'would-remove', via: null, keptBecause: null });
  });

  it('of a run that may remove nothing says so, also a dry one', async () => {
    for (const dryRun of [false, true]) {
      const { rows } = await rowsOf({ isForbidden: true, dryRun });
      expect(rows['a']).toEqual({
        ...{ action: 'kept', via: null, keptBecause: 'guard' },
        note: 'nothing is removed; the error says why',
      });
      expect(rows['ops']?.keptBecause).toBe('rule');
    }
  });

  it('has the last decision on what stayed after all', async () => {
    const { rows } = await rowsOf({
      removal: ([a, b]) => ({
        staying: ByChat.of(
          [
            a && { ...a, state: 'active' as const, keptBecause: 'active' as const },
            b && { ...b, running: true, keptBecause: 'running' as const },
          ].flatMap((one) => one ?? []),
          (one) => [one.mapping, one],
        ),
      }),
    });
    expect(rows['a']).toMatchObject({
      ...{ action: 'kept', note: 'it became active during the run', keptBecause: 'active' },
    });
    expect(rows['b']).toMatchObject({
      ...{ action: 'kept', note: 'its process runs right now', keptBecause: 'running' },
    });
  });

  it('says of what neither went nor was seen to stay that it could not be removed', async () => {
    const { rows } = await rowsOf({ removal: () => ({}) });
    expect(rows['b']).toEqual({
      ...{ action: 'kept', via: null, keptBecause: 'doubt' },
      note: 'it could not be removed, or changed during the run',
    });
  });
});
