import fc from 'fast-check';
import { getNodeValue, type Node, parseTree } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { putMappings, removeMappings } from '../../../src/session-map/edit.js';
import {
  keyOf,
  mappingsOf,
  parseSessionMap,
  type SessionMap,
  sessionMapIn,
} from '../../../src/session-map/parse.js';

const space = fc.stringMatching(/^[ \t\r\n]{0,4}$/);
// Strings as JSON may write them: any escape for any character.
const jsonString = fc
  .array(
    fc.oneof(
      fc
        .string({ unit: 'binary', minLength: 1, maxLength: 3 })
        .map((text) => JSON.stringify(text).slice(1, -1)),
      fc.integer({ min: 0, max: 0xffff }).map((code) => `\\u${code.toString(16).padStart(4, '0')}`),
      fc.constantFrom('\\/', '\\b', '\\"', '\\\\', '__proto__', ','),
    ),
    { maxLength: 4 },
  )
  .map((parts) => `"${parts.join('')}"`);
const scalar = fc.oneof(
  jsonString,
  fc.constantFrom('12345678901234567890', '1.0e+2', '-0', 'null', 'true', '[1, {"a": []}]'),
  jsonString.map((id) => `{ "session_id" :${id},"n":12345678901234567890}`),
);

function object(member: fc.Arbitrary<readonly [string, string]>): fc.Arbitrary<string> {
  const spaced = fc.tuple(space, member, space, space, space);
  return fc.tuple(fc.array(spaced, { maxLength: 6 }), space).map(([members, empty]) => {
    if (members.length === 0) return `{${empty}}`;
    return `{${members.map(([a, [key, value], b, c, d]) => `${a}${key}${b}:${c}${value}${d}`).join(',')}}`;
  });
}

const sectionName = fc.oneof(
  fc.constantFrom('"claude-cli"', '"codex-cli"', '"claude-cli"'),
  jsonString,
);
const mapText = fc
  .tuple(
    fc.constantFrom('', '\uFEFF'),
    space,
    object(
      fc.oneof(
        fc.tuple(sectionName, object(fc.tuple(jsonString, scalar))),
        fc.tuple(jsonString, fc.constantFrom('1', '[]', 'null')),
      ),
    ),
    fc.constantFrom('', '\n', '\r\n'),
  )
  .map((parts) => parts.join(''))
  // What looks like another program's file is no map.
  .filter((text) => sessionMapIn(Buffer.from(text)) !== undefined);

/**
 * The value of a map as nested Maps. Not by JSON.parse: that of Node 24 and 26 can mistake one escaped
 * key for another (nodejs/node#63785), and `__proto__` must be a key like others.
 */
function contentOf(text: string): unknown {
  return valueOfNode(parseTree(text.replace(/^\uFEFF/, '')));
}

function valueOfNode(node: Node | undefined): unknown {
  if (node?.type !== 'object') return node && getNodeValue(node);
  return new Map(
    (node.children ?? []).map(({ children: [key, value] = [] }) => [
      key?.value,
      valueOfNode(value),
    ]),
  );
}

function parse(text: string): SessionMap {
  return parseSessionMap(Buffer.from(text));
}

describe('removing mappings from any map', () => {
  it('changes nothing else, and gives the expected value', () => {
    fc.assert(
      fc.property(mapText, fc.func(fc.boolean()), (text, choose) => {
        const map = parse(text);
        const going = new Set(
          mappingsOf(map)
            .map(keyOf)
            .filter((key) => choose(key)),
        );
        const after = removeMappings(map, (provider, chat) => going.has(keyOf({ provider, chat })));
        const bytes = Buffer.from(after);

        const expected = contentOf(text) as Map<string, unknown>;
        for (const { provider, mappings } of map.sections) {
          const section = map.shape === 'flat' ? expected : expected.get(provider);
          for (const { chat } of mappings) {
            if (going.has(keyOf({ provider, chat })))
              (section as Map<string, unknown>).delete(chat);
          }
        }
        expect(contentOf(bytes.toString())).toEqual(expected);

        const left = mappingsOf(map).filter(
          ({ provider, chat }) => !going.has(keyOf({ provider, chat })),
        );
        expect(mappingsOf(parseSessionMap(bytes))).toEqual(
          map.shape === 'flat' && left.length === 0 ? expect.anything() : left,
        );
        if (going.size === 0) expect(bytes.toString()).toBe(text);
        else expect(isSubsequence(bytes.toString(), text)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('and putting them back gives the same mappings', () => {
    fc.assert(
      fc.property(mapText, fc.func(fc.boolean()), (text, choose) => {
        const map = parse(text);
        if (map.shape === 'flat') return;
        const going = mappingsOf(map).filter(({ provider, chat }) => choose(provider, chat));
        const keys = new Set(going.map(keyOf));
        const removed = parse(
          removeMappings(map, (provider, chat) => keys.has(keyOf({ provider, chat }))),
        );
        const restored = parse(putMappings(removed, going));
        const sorted = (of: SessionMap) =>
          mappingsOf(of)
            .map(({ provider, chat, raw }) => JSON.stringify([provider, chat, raw]))
            .sort();
        expect(sorted(restored)).toEqual(sorted(map));
      }),
      { numRuns: 1000 },
    );
  });
});

/** Whether the longer text becomes the shorter one by leaving characters out. */
function isSubsequence(shorter: string, longer: string): boolean {
  let at = 0;
  for (const unit of longer.split('')) if (unit === shorter[at]) at += 1;
  return at === shorter.length;
}

describe('removing mappings', () => {
  it.each([
    ['{"p": {"a": "1", "b": "2", "c": "3"}}', ['a'], '{"p": {"b": "2", "c": "3"}}'],
    ['{"p": {"a": "1", "b": "2", "c": "3"}}', ['b'], '{"p": {"a": "1", "c": "3"}}'],
    ['{"p": {"a": "1", "b": "2", "c": "3"}}', ['c'], '{"p": {"a": "1", "b": "2"}}'],
    ['{"p": {"a": "1", "b": "2", "c": "3"}}', ['a', 'c'], '{"p": {"b": "2"}}'],
    ['{"p": {"a": "1"}, "q": {}}', ['a'], '{"p": {}, "q": {}}'],
    [
      '{\n  "p": {\n    "a": "1",\n    "b": "2"\n  }\n}\n',
      ['a'],
      '{\n  "p": {\n    "b": "2"\n  }\n}\n',
    ],
    [
      '{\n  "p": {\n    "a": "1",\n    "b": "2"\n  }\n}\n',
      ['b'],
      '{\n  "p": {\n    "a": "1"\n  }\n}\n',
    ],
    ['{"p":{"a":"1","a":"2","b":"3"}}', ['a'], '{"p":{"b":"3"}}'],
    ['{"a":"1","b":"2"}', ['a'], '{"b":"2"}'],
    ['{ "a": "1" }', ['a'], '{}'],
    ['{ "p" : { "a" : "1" } , "q": { } }', ['a'], '{ "p" : {} , "q": { } }'],
    ['{"p": { "a": "1" , "b": "2" }}', ['b'], '{"p": { "a": "1" }}'],
    ['{"p": { "a": "1" , "b": "2" }}', ['none'], '{"p": { "a": "1" , "b": "2" }}'],
  ])('%s without %j', (text, chats, expected) => {
    expect(removeMappings(parse(text), (_provider, chat) => chats.includes(chat))).toBe(expected);
  });

  it('does the work of 100,000 mappings in one pass', () => {
    const members = Array.from({ length: 100_000 }, (_, n) => `"chat-${n}": "session-${n}"`);
    const map = parse(`{"claude-cli": {${members.join(', ')}}}`);
    const after = removeMappings(map, (_provider, chat) => Number(chat.slice(5)) % 2 === 0);
    const left = mappingsOf(parse(after));
    expect(left).toHaveLength(50_000);
    expect(left[0]?.chat).toBe('chat-1');
  });
});

describe('putting mappings', () => {
  it.each([
    ['{"p": {"a": "1"}}', '{"p": {"a": "1", "n": "9"}}'],
    ['{"p":{"a":"1","b":"2"}}', '{"p":{"a":"1","b":"2", "n": "9"}}'],
    ['{"p": {}}', '{"p": {"n": "9"}}'],
    ['{}', '{"p": {"n": "9"}}'],
    ['{"q": {"x": "1"}}', '{"q": {"x": "1"}, "p": {"n": "9"}}'],
    ['{\n  "p": {\n    "a": "1"\n  }\n}', '{\n  "p": {\n    "a": "1",\n    "n": "9"\n  }\n}'],
    ['{\n  "p": {}\n}\n', '{\n  "p": {"n": "9"}\n}\n'],
    ['{\n  "q": {}\n}\n', '{\n  "q": {},\n  "p": {"n": "9"}\n}\n'],
    ['{"p": {"n": "1"}}', '{"p": {"n": "9"}}'],
  ])('into %s', (text, expected) => {
    expect(putMappings(parse(text), [{ provider: 'p', chat: 'n', raw: '"9"' }])).toBe(expected);
  });
});

describe('putting several mappings', () => {
  const entry = (provider: string, chat: string, flat?: true) => ({
    ...{ provider, chat, flat },
    raw: '"9"',
  });

  it.each([
    [
      'each into its section, in their order',
      '{"p": {"a": "1"}, "q": {}}',
      [entry('q', 'x'), entry('p', 'n'), entry('q', 'y')],
      '{"p": {"a": "1", "n": "9"}, "q": {"x": "9", "y": "9"}}',
    ],
    [
      'some in the place of others',
      '{"p": {"a": {"session_id": "1"}, "b": "2"}}',
      [entry('p', 'n'), entry('p', 'a')],
      '{"p": {"a": "9", "b": "2", "n": "9"}}',
    ],
    [
      'into several new sections',
      '{"p": {"a": "1"}}',
      [entry('q', 'x'), entry('p', 'n'), entry('r', 'y'), entry('q', 'z')],
      '{"p": {"a": "1", "n": "9"}, "q": {"x": "9", "z": "9"}, "r": {"y": "9"}}',
    ],
    [
      'on lines of their own',
      '{\n\t"p": {\n\t\t"a": "1"\n\t}\n}',
      [entry('p', 'x'), entry('p', 'y'), entry('q', 'z')],
      '{\n\t"p": {\n\t\t"a": "1",\n\t\t"x": "9",\n\t\t"y": "9"\n\t},\n\t"q": {"z": "9"}\n}',
    ],
    ['of odd names', '{"p": {}}', [entry('p', 'a"\n')], '{"p": {"a\\"\\n": "9"}}'],
    [
      'into a flat map',
      '{"a": "1"}',
      [entry('claude-cli', 'n', true), entry('claude-cli', 'a')],
      '{"a": "9", "n": "9"}',
    ],
    ['none', ' {"p": {}} ', [], ' {"p": {}} '],
    [
      'from a flat map into an empty one, which is flat then',
      '{ }',
      [entry('claude-cli', 'x', true), entry('claude-cli', 'y', true)],
      '{"x": "9", "y": "9"}',
    ],
    [
      'from a flat map beside what is left of it',
      '{"left": {"n": 1}}',
      [entry('claude-cli', 'x', true)],
      '{"left": {"n": 1}, "x": "9"}',
    ],
    [
      'from a flat map into one that has sections by now',
      '{"codex-cli": {}}',
      [entry('claude-cli', 'x', true)],
      '{"codex-cli": {}, "claude-cli": {"x": "9"}}',
    ],
    [
      'from a flat map beside sections with mappings',
      '{"codex-cli": {"a": "1"}}',
      [entry('claude-cli', 'x', true)],
      '{"codex-cli": {"a": "1"}, "claude-cli": {"x": "9"}}',
    ],
    [
      'from a flat map beside a section that has odd values, too',
      '{"codex-cli": {"a": "1", "b": 7}}',
      [entry('claude-cli', 'x', true)],
      '{"codex-cli": {"a": "1", "b": 7}, "claude-cli": {"x": "9"}}',
    ],
    [
      'from a flat map and others into an empty one',
      '{}',
      [entry('claude-cli', 'x', true), entry('codex-cli', 'y')],
      '{"claude-cli": {"x": "9"}, "codex-cli": {"y": "9"}}',
    ],
  ])('%s', (_, text, entries, expected) => {
    expect(putMappings(parse(text), entries)).toBe(expected);
  });
});
