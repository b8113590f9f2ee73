import { Option } from 'commander';
import { expect, it } from 'vitest';
import { nameOf, OPTIONS, optionsOf, TAKERS } from '../../../src/options/table.js';

it('each option stands under the name that commander gives its flags', () => {
  for (const [name, option] of Object.entries(OPTIONS)) {
    expect(nameOf(option)).toBe(name);
    expect(new Option(option.flags).attributeName()).toBe(name);
  }
});

it('no command has two options of one flag, and what can not stand beside an option exists', () => {
  const names = Object.keys(OPTIONS);
  for (const taker of TAKERS) {
    const flags = optionsOf(taker).flatMap((option) => option.flags.match(/--?[\w-]+/g) ?? []);
    expect(new Set(flags).size).toBe(flags.length);
  }
  for (const { conflicts = [] } of Object.values<{ conflicts?: readonly string[] }>(OPTIONS)) {
    expect(names).toEqual(expect.arrayContaining([...conflicts]));
  }
});

it('what counts when nothing is said is said in the words of the table', () => {
  const inWords = (value: unknown): string =>
    value === undefined ? 'none' : value === true ? 'on' : value === false ? 'off' : String(value);
  const own = ['2', 'as in the map', 'on a terminal'];
  for (const option of Object.values(OPTIONS)) {
    if (own.includes(option.defaultNote)) continue;
    expect(option.defaultNote.replaceAll('`', '')).toBe(inWords(option.default));
  }
});
