import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortNames } from '../../../src/output/short-names.js';

function named(ids: readonly string[], room?: number): string[] {
  return ids.map(shortNames(ids, room));
}

describe('the short names of ids', () => {
  it('have 8 characters where that tells them apart', () => {
    expect(named(['dace53ab-1111', 'f4a9c2e8-2222'])).toEqual(['dace53ab', 'f4a9c2e8']);
    expect(named(['a', 'b'])).toEqual(['a', 'b']);
  });

  it('are as long as the first difference where ids begin alike', () => {
    expect(named(['telegram:111', 'telegram:222', 'telegram:2', 'dace53ab-1'])).toEqual([
      'telegram:1',
      'telegram:22',
      'telegram:2',
      'dace53ab',
    ]);
  });

  it('are whole where there is room', () => {
    expect(named(['telegram:111', 'dace53ab-11111'], 12)).toEqual(['telegram:111', 'dace53ab']);
  });

  it('take one id that is met several times for one', () => {
    expect(named(['dace53ab-1', 'dace53ab-1'])).toEqual(['dace53ab', 'dace53ab']);
  });

  it('cut no character in two, and show none that steers a terminal', () => {
    expect(named([`a${'🚀'.repeat(9)}`])).toEqual([`a${'🚀'.repeat(4)}`]);
    expect(named(['\u001b[2J12345678'])).toEqual(['\\u{1b}[2']);
    expect(named(['\u001b[2J'], 9)).toEqual(['\\u{1b}[2J']);
  });

  it('are different, and beginnings of their ids, whatever these are', () => {
    const ids = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 14 }));
    fc.assert(
      fc.property(ids, (all) => {
        const names = named(all);
        expect(new Set(names).size).toBe(all.length);
        for (const [at, name] of names.entries()) {
          const id = all[at] ?? '';
          expect(id.startsWith(name)).toBe(true);
          expect(name.length).toBeGreaterThanOrEqual(Math.min(8, id.length));
        }
      }),
    );
  });
});
