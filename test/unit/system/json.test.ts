import { describe, expect, it } from 'vitest';
import { isLike, isRecord, parseJson } from '../../../src/system/json.js';

it('a text is JSON, or nothing', () => {
  expect(parseJson('{"a":1}')).toEqual({ a: 1 });
  expect(parseJson('{')).toBeUndefined();
});

it('a record is an object with names', () => {
  expect([{}, [], null, 'x', 1, undefined].map(isRecord)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

describe('a value is like an outline', () => {
  it('when it has the same names, with values of the same kinds', () => {
    expect(isLike({ a: 'x', b: 1, c: null }, { a: '', b: 0 })).toBe(true);
    expect(isLike({ a: 'x' }, { a: '', b: 0 })).toBe(false);
    expect(isLike({ a: 1 }, { a: '' })).toBe(false);
    expect(isLike(null, { a: '' })).toBe(false);
  });

  it('when each of its members is like the first of a list', () => {
    expect(isLike([], [{ a: '' }])).toBe(true);
    expect(isLike([{ a: 'x' }, { a: 'y' }], [{ a: '' }])).toBe(true);
    expect(isLike([{ a: 'x' }, {}], [{ a: '' }])).toBe(false);
    expect(isLike({ a: 'x' }, [{ a: '' }])).toBe(false);
  });
});
