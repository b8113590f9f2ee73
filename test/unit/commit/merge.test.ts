import { describe, expect, it } from 'vitest';
import { putBack } from '../../../src/commit/merge.js';
import { parseSessionMapText, type SessionMap } from '../../../src/session-map/parse.js';

type Chats = Readonly<Record<string, string>>;

function mapOf(chats: Chats): SessionMap {
  return parseSessionMapText(JSON.stringify({ 'claude-cli': chats }));
}

/** What a map becomes when another program had made `theirs` of `before`, while it could read `ours`. */
function become(before: Chats, ours: Chats, theirs: Chats, now: Chats): Chats {
  const met = { before: mapOf(before), ours: mapOf(ours), theirs: mapOf(theirs) };
  return JSON.parse(putBack(met, mapOf(now)).text)['claude-cli'];
}

const BEFORE = { idle: '1', busy: '2' };
const OURS = { busy: '2' };

describe('a change that was written away again', () => {
  it.each([
    ['a new chat', { ...BEFORE, added: '3' }, OURS, { ...OURS, added: '3' }],
    ['a new session', { ...BEFORE, busy: '4' }, OURS, { busy: '4' }],
    ['an end', { idle: '1' }, OURS, {}],
    [
      'one of several',
      { ...BEFORE, busy: '4', added: '3' },
      { busy: '4' },
      { busy: '4', added: '3' },
    ],
  ])('is put back: %s', (_, theirs, now, expected) => {
    expect(become(BEFORE, OURS, theirs, now)).toEqual(expected);
  });

  it.each([
    ['that has been changed since', { ...BEFORE, busy: '4' }, { busy: '5' }],
    ['that is there', { ...BEFORE, busy: '4' }, { busy: '4' }],
    ['that was added anew since', { ...BEFORE, added: '3' }, { ...OURS, added: '6' }],
    ['that ended, and was begun anew since', { idle: '1' }, { busy: '7' }],
  ])('is left alone: one %s', (_, theirs, now) => {
    expect(become(BEFORE, OURS, theirs, now)).toEqual(now);
  });

  it('of another kind than the map can hold is left out', () => {
    const theirs = parseSessionMapText(
      '{"claude-cli":{"idle":"1","busy":"2"},"codex-cli":{"c":"8"}}',
    );
    const flat = parseSessionMapText('{"busy":"2"}');
    const met = { before: mapOf(BEFORE), ours: flat, theirs };
    expect(JSON.parse(putBack(met, flat).text)).toEqual({ busy: '2' });
  });

  it('leaves a map as it is, to the byte, when there is nothing to put back', () => {
    const now = mapOf(OURS);
    expect(putBack({ before: mapOf(BEFORE), ours: now, theirs: mapOf(BEFORE) }, now)).toBe(now);
  });
});
