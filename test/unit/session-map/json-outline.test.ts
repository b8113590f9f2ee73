import fc from 'fast-check';
import { type Node, parseTree } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { type JsonNode, lastMember, outline } from '../../../src/session-map/json-outline.js';

const DEPTH = 3;

/** JSON as people and programs write it, with any white space between its parts. */
const jsonText = fc
  .tuple(
    fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.string({ unit: 'binary', maxLength: 4 }).map((text) => JSON.stringify(text)),
        fc.constantFrom('""', '"\\u0041\\/\\""', '"}"', '"\\\\"', '-1.5e+3', '0', 'true', 'null'),
        fc.array(tie('value'), { maxLength: 3 }).map((values) => `[${values.join(' ,')}]`),
        fc
          .array(fc.tuple(fc.constantFrom('"a"', '"\\u0061"', '"{"', '""'), tie('value')), {
            maxLength: 4,
          })
          .map(
            (members) => `{\t${members.map(([key, value]) => `${key} : ${value}`).join(',\n')}}`,
          ),
      ),
    })).value,
    fc.constantFrom('', ' ', '\r\n\t'),
  )
  .map(([value, space]) => `${space}${value}${space}`);

/** The same, as another parser sees it. */
function expected({ type, offset, length, value, children = [] }: Node, levels: number): JsonNode {
  const kind = type === 'object' || type === 'array' || type === 'string' ? type : 'other';
  const isDescribed = kind === 'object' && levels > 0;
  return {
    kind,
    start: offset,
    end: offset + length,
    string: kind === 'string' ? value : undefined,
    members: (isDescribed ? children : []).flatMap(({ children: [key, inner] = [] }) =>
      key === undefined || inner === undefined
        ? []
        : {
            key: key.value,
            start: key.offset,
            value: expected(inner, levels - 1),
          },
    ),
  };
}

describe('the outline of a JSON text', () => {
  it('tells where the members of its outer objects stand, as another parser does', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const tree = parseTree(text);
        expect(outline(text, DEPTH)).toEqual(tree && expected(tree, DEPTH));
      }),
      { numRuns: 500 },
    );
  });

  it('goes as deep as it is asked to', () => {
    const text = '{"a": {"b": {"c": {}}}}';
    expect(outline(text, 0)).toMatchObject({ kind: 'object', end: text.length, members: [] });
    const [a] = outline(text, 1).members;
    expect(a).toMatchObject({
      key: 'a',
      value: { kind: 'object', start: 6, end: 22, members: [] },
    });
    expect(outline(text, 2).members[0]?.value.members).toMatchObject([{ key: 'b' }]);
  });

  it('passes over what is nested a million times', () => {
    const nested = '['.repeat(1e6) + ']'.repeat(1e6);
    expect(outline(`{"a": ${nested}, "b": 1}`, DEPTH).members.map(({ key }) => key)).toEqual([
      'a',
      'b',
    ]);
  });

  it('takes a byte order mark for white space', () => {
    expect(outline('\uFEFF{"a": 1}', 1)).toMatchObject({ start: 1, end: 9 });
  });

  it('has of the beginning of a text what is there, and ends behind it', () => {
    const text = '{"one": "x", "two\\n": {"in": ["a\\"b", {}, 1]}, "three": true}';
    for (let length = 0; length < text.length; length += 1) {
      const root = outline(text.slice(0, length), DEPTH);
      expect(root.end).toBeGreaterThanOrEqual(length);
      const whole = root.members.filter(({ value }) => value.end < length);
      const known = outline(text, DEPTH).members.slice(0, whole.length);
      expect(whole.map(({ key }) => key)).toEqual(known.map(({ key }) => key));
    }
    expect(outline('{"a\\', 1).members).toMatchObject([{ key: expect.any(String) }]);
  });

  it.each([
    ['{"a" 1, "b": 2}', ['a', 'b']],
    ['{"a": 1 "b": 2}', ['a', 'b']],
    ['{"a": "\\x", "b": 2}', ['a', 'b']],
    ['{a: 1}', []],
    ['hello', []],
  ])('of what is no JSON, %s, is something', (text, keys) => {
    expect(outline(text, 1).members.map(({ key }) => key)).toEqual(keys);
  });
});

describe('the member of a key', () => {
  it('is the last one', () => {
    const node = outline('{"a": 1, "b": 2, "\\u0061": "last"}', 1);
    expect(lastMember(node, 'a')?.value.string).toBe('last');
    expect(lastMember(node, 'c')).toBeUndefined();
  });
});
