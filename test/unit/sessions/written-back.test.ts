import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../src/journal/entries.js';
import type { Decision } from '../../../src/sessions/decide.js';
import { writtenBack, writtenBackFinding } from '../../../src/sessions/written-back.js';

const AT = '2026-11-30T12:00:00.000Z';
const NAME = { provider: 'claude-cli', chat: 'a' };
const REMOVED = { op: 'remove', at: AT, ...NAME, session: 'S', raw: '"S"' } as const;

const removed = (run: string, lastActivity: number | null = 1000): JournalEntry => ({
  ...{ ...REMOVED, run, lastActivity },
});
const restored = (run: string): JournalEntry => ({
  ...{ op: 'restore', run, at: AT, ...NAME, session: 'S' },
});
const done = (run: string, kept = [] as (typeof NAME)[], unsure = kept): JournalEntry => ({
  ...{ op: 'done', run, at: AT, kept, unsure, collisions: 0 },
});

const mapped = (session: string, lastActivity: number | null, chat = 'a'): Decision => ({
  mapping: { provider: 'claude-cli', family: 'claude', chat, session, raw: '' },
  state: lastActivity === null ? 'missing' : 'idle',
  lastActivity,
  transcript: null,
  running: false,
  keptBecause: null,
});

/** Of a mapping of session S with this last activity, after what happened, oldest first. */
const isBack = (entries: readonly JournalEntry[], decision = mapped('S', 1000)): boolean =>
  writtenBack(entries.toReversed(), [decision]).includes(decision);

describe('a mapping that stands there again', () => {
  it('was written back when a run had removed it and nothing happened in its session since', () => {
    expect(isBack([removed('1'), done('1')])).toBe(true);
    expect(isBack([removed('1', null), done('1')], mapped('S', null))).toBe(true);
  });

  it('is in use again when its session was active since', () => {
    expect(isBack([removed('1'), done('1')], mapped('S', 1001))).toBe(false);
    expect(isBack([removed('1', null), done('1')], mapped('S', 1))).toBe(false);
  });

  it('is another one when it has another session, or is of another chat', () => {
    expect(isBack([removed('1'), done('1')], mapped('NEWER', 1000))).toBe(false);
    expect(isBack([removed('1'), done('1')], mapped('S', 1000, 'b'))).toBe(false);
  });

  it('was put back by the user when a restore stands behind its removal', () => {
    expect(isBack([removed('1'), done('1'), restored('2')])).toBe(false);
    expect(isBack([removed('1', null), done('1'), restored('2')], mapped('S', null))).toBe(false);
    expect(isBack([removed('1'), done('1'), restored('2'), removed('3'), done('3')])).toBe(true);
  });

  it('never went where its run kept it, was not sure, or was killed', () => {
    expect(isBack([removed('1'), done('1', [NAME], [])])).toBe(false);
    expect(isBack([removed('1'), done('1', [], [NAME])])).toBe(false);
    expect(isBack([removed('1')])).toBe(false);
    // What an earlier run did to it counts then.
    expect(isBack([removed('1'), done('1'), removed('2'), done('2', [NAME])])).toBe(true);
  });

  it('is judged by its last removal alone', () => {
    expect(isBack([removed('1', 5000), done('1'), removed('2', 900), done('2')])).toBe(false);
  });
});

it('the cure is to tell the bridge, or to name the one that uses this map', () => {
  const back = [mapped('S', 1000)];
  const without = writtenBackFinding(back, undefined);
  expect(without).toMatchObject({ level: 'warning', subject: 'written back' });
  expect(without.message).toContain('are back (1)');
  expect(without.fix).toMatch(/--bridge-url.*--on-change/);
  const url = new URL('http://127.0.0.1:8000');
  expect(writtenBackFinding(back, url).fix).toContain('http://127.0.0.1:8000/ has it forget them');
});
