import { describe, expect, it } from 'vitest';
import { type Mapping, mappingsOf, parseSessionMapText } from '../../../src/session-map/parse.js';
import { sessionsOf, sharing, unite } from '../../../src/sessions/mapped.js';

const mapOf = (content: unknown) => parseSessionMapText(JSON.stringify(content));
const mappingsIn = (content: unknown): Mapping[] => mappingsOf(mapOf(content));

/** Sections with their chats and sessions. */
function united(memory: unknown, file: unknown) {
  const sections = unite(
    memory === undefined ? undefined : mapOf(memory),
    file === undefined ? undefined : mapOf(file),
  );
  return sections.map(({ provider, mappings }) => [
    provider,
    ...mappings.map(({ chat, session }) => `${chat}=${session}`),
  ]);
}

describe('what is mapped', () => {
  it('is what the file says when no bridge runs', () => {
    expect(united(undefined, { 'claude-cli': { a: 'A' }, 'codex-cli': {} })).toEqual([
      ['claude-cli', 'a=A'],
      ['codex-cli'],
    ]);
    expect(united(undefined, undefined)).toEqual([]);
  });

  it("is what the bridge's memory says, and what the file alone has", () => {
    const file = { 'claude-cli': { a: 'A', b: 'B' }, 'codex-cli': { x: 'X' } };
    const memory = { 'gemini-cli': { g: 'G' }, 'claude-cli': { b: 'NEWER', c: 'C' } };
    expect(united(memory, file)).toEqual([
      ['claude-cli', 'a=A', 'b=NEWER', 'c=C'],
      ['codex-cli', 'x=X'],
      ['gemini-cli', 'g=G'],
    ]);
  });

  it('is the memory alone when there is no file yet', () => {
    expect(united({ 'claude-cli': { a: 'A' } }, undefined)).toEqual([['claude-cli', 'a=A']]);
  });
});

describe("a CLI's sessions", () => {
  it('are those of all its sections, each once, in small letters', () => {
    const mappings = mappingsIn({
      'claude-cli': { a: 'ABC', b: 'abc', c: { session_id: 'def' } },
      'claude-opus': { d: 'ghi' },
      'codex-cli': { e: 'xyz' },
      'devstral-small': { f: 'unknown' },
    });
    expect([...sessionsOf(mappings, 'claude')]).toEqual(['abc', 'def', 'ghi']);
    expect([...sessionsOf(mappings, 'codex')]).toEqual(['xyz']);
    expect([...sessionsOf(mappings, 'gemini')]).toEqual([]);
  });

  it('are no ids that no file name could hold, and no values without one', () => {
    const mappings = mappingsIn({ 'claude-cli': { a: '../x', b: '', c: { other: 1 }, d: 'ok' } });
    expect([...sessionsOf(mappings, 'claude')]).toEqual(['ok']);
  });
});

describe('chats that share a session', () => {
  it('are named for each other, across the sections of one CLI', () => {
    const mappings = mappingsIn({
      'claude-cli': { a: 'S', b: 'S', alone: 'T' },
      'claude-opus': { c: 'S' },
      'codex-cli': { d: 'S' },
    });
    const others = mappings.map(sharing(mappings));
    expect(others).toEqual([
      ['claude-cli/b', 'claude-opus/c'],
      ['claude-cli/a', 'claude-opus/c'],
      [],
      ['claude-cli/a', 'claude-cli/b'],
      [],
    ]);
  });

  it('are not those without a session, or of no known CLI', () => {
    const mappings = mappingsIn({
      'claude-cli': { a: 'S', b: { other: 1 }, c: { other: 1 } },
      'devstral-small': { d: 'S', e: 'S' },
    });
    expect(mappings.flatMap(sharing(mappings))).toEqual([]);
  });

  it('are named up to five or six of thousands', () => {
    const chats = Array.from({ length: 3000 }, (_, n) => [`c${n}`, 'S']);
    const mappings = mappingsIn({ 'claude-cli': Object.fromEntries(chats) });
    const counts = mappings.map((mapping) => sharing(mappings.slice(0, 50))(mapping).length);
    expect(new Set(counts.slice(0, 6))).toEqual(new Set([5]));
    expect(new Set(counts.slice(6))).toEqual(new Set([6]));
  });
});
