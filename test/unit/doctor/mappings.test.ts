import { expect, it } from 'vitest';
import { checkMappings } from '../../../src/doctor/mappings.js';
import { parseSessionMap } from '../../../src/session-map/parse.js';
import { unite } from '../../../src/sessions/mapped.js';

function check(map: unknown) {
  return checkMappings(unite(undefined, parseSessionMap(Buffer.from(JSON.stringify(map)))));
}

const [A, B] = ['aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002'];

it('counts the mappings of each section', () => {
  expect(check({ 'claude-cli': { a: A, b: B }, 'codex-cli': { c: A } })).toEqual([
    { level: 'ok', subject: 'mappings', message: 'claude-cli 2, codex-cli 1', fix: null },
  ]);
  expect(check({})).toEqual([expect.objectContaining({ message: 'none' })]);
});

it('warns of chats that share a session, by name', () => {
  const map = { 'claude-cli': { a: A, b: B, c: A }, 'claude-opus': { d: { session_id: A } } };
  expect(check(map)).toContainEqual({
    level: 'warning',
    subject: 'mappings',
    message: expect.stringContaining('share a session'),
    fix: expect.any(String),
  });
  const [, { message = '' } = {}] = check(map);
  expect(message).toMatch(/: claude-cli\/a, claude-cli\/c, claude-opus\/d$/);
});

it('names the first chats of many, and counts the others', () => {
  const chats = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`chat-${at}`, A]));
  const [, shared] = check({ 'claude-cli': chats });
  expect(shared?.message).toMatch(/chat-4, and 4 more$/);
});
