import { describe, expect, it } from 'vitest';
import {
  canHold,
  keyOf,
  MalformedMapError,
  mappingsOf,
  parseSessionMap,
  parseSessionMapText,
  sessionMapIn,
} from '../../../src/session-map/parse.js';

const bytes = (text: string): Buffer => Buffer.from(text);

describe('a session map by provider', () => {
  it('has a section for each object, with its mappings in their order', () => {
    const map = parseSessionMapText(
      '{"claude-cli": {"b": "S1", "a": {"session_id": "S2", "n": 1}}, "codex-cli": {"c": {"sessionId": "S3"}}, "other": {}}',
    );
    expect(map.shape).toBe('by-provider');
    expect(map.sections.map(({ provider }) => provider)).toEqual([
      'claude-cli',
      'codex-cli',
      'other',
    ]);
    expect(mappingsOf(map)).toEqual([
      { provider: 'claude-cli', family: 'claude', chat: 'b', session: 'S1', raw: '"S1"' },
      {
        ...{ provider: 'claude-cli', family: 'claude', chat: 'a', session: 'S2' },
        raw: '{"session_id": "S2", "n": 1}',
      },
      {
        ...{ provider: 'codex-cli', family: 'codex', chat: 'c', session: 'S3' },
        raw: '{"sessionId": "S3"}',
      },
    ]);
  });

  it('may be empty', () => {
    expect(parseSessionMapText('{}')).toMatchObject({ shape: 'by-provider', sections: [] });
  });

  it.each([['7'], ['null'], ['["S"]'], ['{"id": "S"}'], ['{"session_id": 7}'], ['{}']])(
    'has no session for the value %s, and keeps it',
    (raw) => {
      const map = parseSessionMapText(`{"claude-cli": {"a": ${raw}}}`);
      expect(mappingsOf(map)).toMatchObject([{ chat: 'a', session: null, raw }]);
    },
  );

  it('has of several members with one key the last', () => {
    const map = parseSessionMapText('{"claude-cli": {"a": "1", "b": "2", "\\u0061": "3"}}');
    expect(mappingsOf(map).map(({ chat, session }) => [chat, session])).toEqual([
      ['b', '2'],
      ['a', '3'],
    ]);
    const twice = parseSessionMapText('{"claude-cli": {"a": "1"}, "claude-cli": {"b": "2"}}');
    expect(mappingsOf(twice).map(({ chat }) => chat)).toEqual(['b']);
    const fields = '{"session_id": "1", "session_id": "2", "sessionId": "3"}';
    const inFields = parseSessionMapText(`{"claude-cli": {"a": ${fields}}}`);
    expect(mappingsOf(inFields)).toMatchObject([{ session: '2' }]);
  });

  it('has room for every provider', () => {
    const map = parseSessionMapText('{"claude-cli": {}}');
    expect([canHold(map, 'claude-cli'), canHold(map, 'codex-cli')]).toEqual([true, true]);
  });

  it('names what stands beside its sections', () => {
    const map = parseSessionMapText('{"claude-cli": {"a": "1"}, "list": [], "b": "2", "n": 1}');
    expect(map.sections.map(({ provider }) => provider)).toEqual(['claude-cli']);
    expect(map.oddities).toEqual(['list', 'b', 'n']);
  });
});

describe('a flat session map', () => {
  const TEXT = '{"a": "1", "claude-web": {"session_id": "2"}, "o": {"x": 1}}';

  it("has Claude's mappings alone", () => {
    const map = parseSessionMapText(TEXT);
    expect(map).toMatchObject({ shape: 'flat', oddities: [], sections: [{ node: map.root }] });
    expect(mappingsOf(map)).toEqual([
      { provider: 'claude-cli', family: 'claude', chat: 'a', session: '1', raw: '"1"' },
      {
        ...{ provider: 'claude-cli', family: 'claude', chat: 'claude-web', session: '2' },
        raw: '{"session_id": "2"}',
      },
      { provider: 'claude-cli', family: 'claude', chat: 'o', session: null, raw: '{"x": 1}' },
    ]);
  });

  it('has no room for others', () => {
    const map = parseSessionMapText(TEXT);
    expect([canHold(map, 'claude-cli'), canHold(map, 'codex-cli')]).toEqual([true, false]);
  });
});

describe('what is no session map', () => {
  it.each([
    ['', 'is empty'],
    [' \r\n\t', 'is empty'],
    ['\uFEFF', 'is empty'],
    ['hello', 'is not valid JSON (an unexpected character)'],
    ['{"a": "1",}', 'is not valid JSON (at position 10)'],
    ['{"a": "1"', 'is not valid JSON (it ends too early)'],
    ['{"a": tru', 'is not valid JSON (it ends too early)'],
    ['{"claude-cli": {"a": "08', 'is not valid JSON (it ends too early)'],
  ])('since it is no JSON: %j', (text, message) => {
    expect(() => parseSessionMap(bytes(text))).toThrow(new MalformedMapError(message));
    expect(sessionMapIn(bytes(text))).toBeUndefined();
  });

  it('since it is no text', () => {
    const read = (): unknown => parseSessionMap(Buffer.from([0x7b, 0xff, 0x7d]));
    expect(read).toThrow(MalformedMapError);
    expect(read).toThrow(/^is not UTF-8 text/);
  });

  it.each([
    ['[]', 'an array'],
    ['"x"', 'a string'],
    ['7', 'a number, true, false or null'],
    ['null', 'a number, true, false or null'],
  ])('since it is no object: %s', (text, what) => {
    expect(() => parseSessionMap(bytes(text))).toThrow(
      `holds ${what} where a session map is a JSON object`,
    );
    expect(() => parseSessionMap(bytes(text))).not.toThrow(MalformedMapError);
    expect(sessionMapIn(bytes(text))).toBeUndefined();
  });
});

it('keeps a byte order mark in the text', () => {
  const text = '\uFEFF{"claude-cli": {"a": "1"}}';
  const map = sessionMapIn(bytes(text));
  expect(map?.text).toBe(text);
  expect(map && mappingsOf(map)).toMatchObject([{ chat: 'a', raw: '"1"' }]);
});

it('tells chats of the same name apart, whatever their characters', () => {
  const keys = [
    ['a', 'b'],
    ['a","b', ''],
    ['a/b', ''],
  ].map(([provider = '', chat = '']) => keyOf({ provider, chat }));
  expect(new Set(keys).size).toBe(3);
});
