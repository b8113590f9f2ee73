import { describe, expect, it } from 'vitest';
import type { Mapping } from '../../../src/session-map/parse.js';
import type { Decision, State } from '../../../src/sessions/decide.js';
import { nextWaiting, waitingSince } from '../../../src/sessions/waiting.js';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const HOUR_MS = 3600 * 1000;
const EARLIER = new Date(NOW - HOUR_MS).toISOString();

const mapping = (chat: string, over: Partial<Mapping> = {}): Mapping => ({
  provider: 'claude-cli',
  family: 'claude',
  chat,
  session: `session-of-${chat}`,
  raw: '',
  ...over,
});

const decision = (state: State, of: Mapping): Decision => ({
  mapping: of,
  state,
  lastActivity: null,
  transcript: state === 'missing' ? null : '/t',
  running: false,
  keptBecause: state === 'idle' ? null : 'missing',
});

/** The list after a run that met these, and one active session before them. */
const listAfter = (missing: readonly Mapping[], before = {}, now = NOW) =>
  nextWaiting(
    before,
    [
      ...missing.map((one) => decision('missing', one)),
      decision('active', mapping('active')),
      decision('active', mapping('other', { provider: 'codex-cli', family: 'codex' })),
    ],
    now,
  );

describe('a mapping without a transcript', () => {
  const a = mapping('a');

  it('waits from the first run that saw it so', () => {
    const first = listAfter([a]);
    expect(waitingSince({}, a)).toBeUndefined();
    expect(waitingSince(first, a)).toBe(NOW);
    expect(waitingSince(listAfter([a], first, NOW + HOUR_MS), a)).toBe(NOW);
  });

  it('begins anew with another session, or when it had one meanwhile', () => {
    const list = listAfter([a]);
    const renewed = mapping('a', { session: 'another' });
    expect(waitingSince(list, renewed)).toBeUndefined();
    expect(waitingSince(listAfter([renewed], list, NOW + 1), renewed)).toBe(NOW + 1);
    expect(listAfter([], list)).toEqual({});
  });

  it('is one chat of one section, whatever their names', () => {
    const list = listAfter([a]);
    expect(waitingSince(list, mapping('a', { provider: 'claude-opus' }))).toBeUndefined();
    for (const chat of ['constructor', '__proto__']) {
      const odd = mapping(chat);
      expect(waitingSince(list, odd)).toBeUndefined();
      expect(waitingSince(listAfter([odd]), odd)).toBe(NOW);
    }
  });

  it('does not wait since a time to come: that was a clock that was wrong', () => {
    const list = listAfter([a], {}, NOW + HOUR_MS);
    expect(waitingSince(listAfter([a], list), a)).toBe(NOW);
  });

  it('is written as text, to be read by the next run', () => {
    const list = listAfter([a], {}, NOW - HOUR_MS);
    expect(list).toEqual({ '["claude-cli","a"]': { session: 'session-of-a', since: EARLIER } });
  });
});

describe('nobody waits', () => {
  it('whose state is another one', () => {
    const states = ['active', 'idle', 'unreadable', 'unrecognized'] as const;
    const decisions = states.map((state) => decision(state, mapping(state)));
    expect(nextWaiting({}, decisions, NOW)).toEqual({});
  });

  it('of a CLI whose picture may be that of a wrong home; others do', () => {
    const codex = mapping('c', { provider: 'codex-cli', family: 'codex' });
    const none = [decision('missing', mapping('a')), decision('missing', codex)];
    const found = decision('active', mapping('d', { provider: 'codex-cli', family: 'codex' }));
    expect(Object.keys(nextWaiting({}, [...none, found], NOW))).toEqual(['["codex-cli","c"]']);
  });

  it('beyond the first 10,000', () => {
    const many = Array.from({ length: 10_001 }, (_, n) => mapping(`c${n}`));
    const list = listAfter(many);
    expect(Object.keys(list)).toHaveLength(10_000);
    expect(waitingSince(list, mapping('c9999'))).toBe(NOW);
    expect(waitingSince(list, mapping('c10000'))).toBeUndefined();
  });
});
