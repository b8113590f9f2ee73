import { Command } from 'commander';
import { expect, it } from 'vitest';
import { addOptions, type Flags, flagsOf } from '../../../src/options/flags.js';

function flagsOfList(words: readonly string[]): Flags {
  const root = addOptions(new Command(), 'clean').enablePositionalOptions();
  const list = addOptions(root.command('list'), 'list').action(() => {});
  root.parse(words, { from: 'user' });
  return flagsOf(list);
}

it.each([
  [['list'], {}],
  [['--hours', '5', 'list'], { hours: ['5'] }],
  [['list', '--hours', '3'], { hours: ['3'] }],
  [['--hours', '5', 'list', '--hours', '3'], { hours: ['5', '3'] }],
  [['--keep', 'a', 'list', '--keep', 'b', '--keep', 'c'], { keep: ['a', 'b', 'c'] }],
  [
    ['--color', '-d', '/a', 'list', '--no-color', '-v'],
    { color: ['true', 'false'], sessionDir: ['/a'], verbose: ['true'] },
  ],
])('a flag counts before and behind a command, the nearer one last: %j', (words, flags) => {
  expect(flagsOfList(words)).toEqual(flags);
});
