import { describe, expect, it } from 'vitest';
import { putBack } from '../../../src/commit/merge.js';
import { parseSessionMapText, type SessionMap } from '../../../src/session-map/parse.js';

type Chats = Readonly<Record<string, string>>;

function mapOf(chats: Chats): SessionMap {
  return parseSessionMapText(JSON.stringify({ 'claude-cli': chats }));
}

const OURS = { busy: '2', other: '9' };
/** What stood there until ours had the name: a chat more, which was idle. */
const BEFORE = { idle: '1', ...OURS };

/** What a map becomes when another program had written `theirs`, while somebody could read `ours`. */
function become(ours: Chats, theirs: Chats, now: Chats): Chats {
  const met = { before: mapOf(BEFORE), ours: mapOf(ours), theirs: mapOf(theirs) };
  return JSON.parse(putBack(met, mapOf(now)).text)['claude-cli'];
}

describe('a change that was written away again', () => {
  it.each([
    ['a new chat', { ...OURS, added: '3' }, OURS, { ...OURS, added: '3' }],
    ['a new session', { ...OURS, busy: '4' }, OURS, { ...OURS, busy: '4' }],
    ['an end', { other: '9' }, OURS, { other: '9' }],
    [
      'one of several',
      { ...OURS, busy: '4', added: '3' },
      { ...OURS, busy: '4' },
      { ...OURS, busy: '4', added: '3' },
    ],
    ['what we have taken out', { idle: '1', ...OURS }, OURS, { ...OURS, idle: '1' }],
    ['into ours, of the idle chat', { idle: '5', ...OURS }, BEFORE, { ...BEFORE, idle: '5' }],
    ['into ours, of another chat', { ...OURS, busy: '4' }, BEFORE, { ...BEFORE, busy: '4' }],
  ])('is put back: %s', (_, theirs, now, expected) => {
    expect(become(OURS, theirs, now)).toEqual(expected);
  });

  it.each([
    ['that has been changed since', { ...OURS, busy: '4' }, { ...OURS, busy: '5' }],
    ['that is there', { ...OURS, busy: '4' }, { ...OURS, busy: '4' }],
    ['that was added anew since', { ...OURS, added: '3' }, { ...OURS, added: '6' }],
    ['that ended, and was begun anew since', { other: '9' }, { ...OURS, busy: '7' }],
    ['that whoever read ours does not know', OURS, BEFORE],
  ])('is left alone: one %s', (_, theirs, now) => {
    expect(become(OURS, theirs, now)).toEqual(now);
  });

  it('of another kind than the map can hold is left out', () => {
    const theirs = parseSessionMapText('{"claude-cli":{"busy":"3"},"codex-cli":{"c":"8"}}');
    const flat = parseSessionMapText('{"busy":"2"}');
    expect(JSON.parse(putBack({ before: flat, ours: flat, theirs }, flat).text)).toEqual({
      busy: '3',
    });
  });

  it('leaves a map as it is, to the byte, when there is nothing to put back', () => {
    const now = parseSessionMapText('{ "claude-cli" : {"a" :"1"} , "x":{}}');
    const ours = mapOf(OURS);
    expect(putBack({ before: ours, ours, theirs: ours }, now)).toEqual(now);
  });
});
