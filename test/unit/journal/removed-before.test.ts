import { expect, it } from 'vitest';
import type { JournalEntry } from '../../../src/journal/entries.js';
import { removedBefore } from '../../../src/journal/outcomes.js';

const [FIRST, SECOND] = ['2026-11-29T10:00:00.000Z', '2026-11-30T10:00:00.000Z'];

function removal(run: string, at: string, chat: string, lastActivity: number | null): JournalEntry {
  const provider = 'claude-cli';
  return { op: 'remove', run, at, provider, chat, session: `of ${chat}`, raw: '""', lastActivity };
}

function done(run: string, at: string, ...kept: string[]): JournalEntry {
  const names = kept.map((chat) => ({ provider: 'claude-cli', chat }));
  return { op: 'done', run, at, kept: names, unsure: [], collisions: 0 };
}

it('tells when chats were removed, newest first, and nothing of others', () => {
  const journal = [
    done('two', SECOND),
    removal('two', SECOND, 'a', null),
    done('one', FIRST),
    removal('one', FIRST, 'b', 0),
    removal('one', FIRST, 'a', Date.parse('2026-11-29T01:00:00Z')),
  ];
  const found = removedBefore(journal, ({ chat }) => chat === 'a');
  expect([...found.values()]).toEqual([
    {
      provider: 'claude-cli',
      chat: 'a',
      removals: [
        { removedAt: SECOND, session: 'of a', lastActivity: null },
        { removedAt: FIRST, session: 'of a', lastActivity: '2026-11-29T01:00:00.000Z' },
      ],
    },
  ]);
});

it('does not count what a run announced and then left', () => {
  const journal = [
    done('one', FIRST, 'a'),
    removal('one', FIRST, 'b', 0),
    removal('one', FIRST, 'a', 0),
  ];
  const found = removedBefore(journal, () => true);
  expect([...found.values()].map(({ chat }) => chat)).toEqual(['b']);
});
