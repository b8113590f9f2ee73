import { Command } from 'commander';
import { expect, it } from 'vitest';
import {
  addCleanOptions,
  addListOptions,
  type Flags,
  flagsOf,
} from '../../../src/options/flags.js';

const hours = (n: number) => [{ pattern: undefined, hours: n }];

function flagsOfList(words: readonly string[]): Flags {
  const root = addCleanOptions(new Command()).enablePositionalOptions();
  const list = addListOptions(root.command('list')).action(() => {});
  root.parse(words, { from: 'user' });
  return flagsOf(list);
}

it.each([
  [['list'], {}],
  [['--hours', '5', 'list'], { hours: hours(5) }],
  [['list', '--hours', '3'], { hours: hours(3) }],
  [['--hours', '5', 'list', '--hours', '3'], { hours: hours(3) }],
  [
    ['--color', '-d', '/a', 'list', '--no-color', '-v'],
    { color: false, sessionDir: '/a', verbose: true },
  ],
])('a flag counts before and behind a command, the nearer one first: %j', (words, flags) => {
  expect(flagsOfList(words)).toEqual(flags);
});
