import { expect, it } from 'vitest';
import type { JournalEntry } from '../../../src/journal/entries.js';
import { outcomes } from '../../../src/journal/outcomes.js';

const AT = '2026-11-30T12:00:00.000Z';
const name = (chat: string) => ({ provider: 'claude-cli', chat });

function removed(run: string, chat: string): JournalEntry {
  return { op: 'remove', run, at: AT, ...name(chat), session: 'S', raw: '"S"', lastActivity: 1 };
}

function done(run: string, kept: string[], unsure: string[] = []): JournalEntry {
  const [those, others] = [kept.map(name), unsure.map(name)];
  return { op: 'done', run, at: AT, kept: those, unsure: others, collisions: 0 };
}

it('tells of each mapping that a journal names what became of it', () => {
  const written: JournalEntry[] = [
    removed('1', 'a'),
    removed('1', 'b'),
    removed('1', 'c'),
    removed('1', 'd'),
    done('1', ['b'], ['c']),
    done('1', ['d']),
    { op: 'publish', run: '1', at: AT },
    removed('2', 'b'),
    { op: 'restore', run: '2', at: AT, ...name('b'), session: 'S' },
    done('2', []),
    removed('killed', 'a'),
    removed('4', 'b'),
    done('4', []),
  ];
  const told = [...outcomes(written.toReversed())];
  expect(told.map(({ kind, entry: { run, chat } }) => `${run} ${chat} ${kind}`)).toEqual([
    '4 b removed',
    'killed a unknown',
    '2 b restored',
    '2 b removed',
    '1 d kept',
    '1 c unsure',
    '1 b kept',
    '1 a removed',
  ]);
});
