import { Option } from 'commander';
import { expect, it } from 'vitest';
import { defaultOf, nameOf, OPTIONS, optionsOf, TAKERS } from '../../../src/options/table.js';

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
  for (const { conflicts = [] } of TAKERS.flatMap(optionsOf)) {
    expect(names).toEqual(expect.arrayContaining([...conflicts]));
  }
});

it('what counts when nothing is said makes sense to the option itself', () => {
  for (const { default: unsaid, parse } of TAKERS.flatMap(optionsOf)) {
    if (unsaid !== undefined) expect(() => parse(unsaid)).not.toThrow();
  }
});

it.each([
  ['hours', '2'],
  ['sessionDir', '`/tmp/claude_sessions`'],
  ['bridgeUrl', 'none'],
  ['dryRun', 'off'],
  ['sort', 'as in the map'],
] as const)('what counts for %s when nothing is said is, in words, %s', (name, words) => {
  expect(defaultOf(OPTIONS[name])).toBe(words);
});
