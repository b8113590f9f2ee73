import { describe, expect, it } from 'vitest';
import { parseEntry } from '../../../src/journal/entries.js';

const STAMP = { run: 'r', at: '2026-11-30T12:00:00.000Z' };
const NAME = { provider: 'claude-cli', chat: 'a' };
const REMOVED = { op: 'remove', ...STAMP, ...NAME, session: 'S', raw: '"S"', lastActivity: null };
const DONE = { op: 'done', ...STAMP, kept: [NAME], unsure: [], collisions: 0 };

describe('a line of the journal', () => {
  it.each([
    ['a removal', REMOVED],
    ['a removal with its last activity', { ...REMOVED, lastActivity: 12.5 }],
    ['a removal from a flat map', { ...REMOVED, flat: true }],
    ['a removal that tells more', { ...REMOVED, note: 1 }],
    ['the end of a run', DONE],
    ['a mapping that was put back', { op: 'restore', ...STAMP, ...NAME, session: 'S' }],
    ["version 1.0's word that it published", { op: 'publish', ...STAMP }],
  ])('is %s', (_, entry) => {
    expect(parseEntry(JSON.stringify(entry))).toEqual(entry);
  });

  it.each([
    ['no JSON', '{"op": "remove"'],
    ['no object', '[]'],
    ['null', 'null'],
    ['of no kind', JSON.stringify({ ...REMOVED, op: undefined })],
    ['of an unknown kind', JSON.stringify({ ...REMOVED, op: 'constructor' })],
    ['of no run', JSON.stringify({ ...REMOVED, run: undefined })],
    ['of no time', JSON.stringify({ ...REMOVED, at: 'soon' })],
    ['of no chat', JSON.stringify({ ...REMOVED, chat: 7 })],
    ['of no session', JSON.stringify({ ...REMOVED, session: null })],
    ['without the value', JSON.stringify({ ...REMOVED, raw: undefined })],
    ['with a value that is no JSON', JSON.stringify({ ...REMOVED, raw: 'S' })],
    ['of an unclear activity', JSON.stringify({ ...REMOVED, lastActivity: '1' })],
    ['of no activity at all', JSON.stringify({ ...REMOVED, lastActivity: undefined })],
    ['an end that kept something else', JSON.stringify({ ...DONE, kept: ['a'] })],
    ['an end that is unsure of nothing', JSON.stringify({ ...DONE, unsure: undefined })],
    ['a restored chat without a name', JSON.stringify({ op: 'restore', ...STAMP, session: 'S' })],
    ['published at no time', JSON.stringify({ op: 'publish', run: 'r' })],
  ])('makes no sense when it is %s', (_, line) => {
    expect(parseEntry(line)).toBeUndefined();
  });
});
