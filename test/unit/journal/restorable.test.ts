import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../src/journal/entries.js';
import { restorables } from '../../../src/journal/restorable.js';
import { parseSessionMapText } from '../../../src/session-map/parse.js';

const AT = '2026-11-30T12:00:00.000Z';

function removed(run: string, chat: string, session: string): JournalEntry {
  const provider = 'claude-cli';
  const raw = JSON.stringify(session);
  return { op: 'remove', run, at: AT, provider, chat, session, raw, lastActivity: null };
}

function done(run: string, kept: readonly string[] = []): JournalEntry {
  const names = kept.map((chat) => ({ provider: 'claude-cli', chat }));
  return { op: 'done', run, at: AT, kept: names, unsure: [], collisions: 0 };
}

/** What a journal, here oldest first, can give back to a map with these chats. */
function found(written: readonly JournalEntry[], chats: Readonly<Record<string, string>> = {}) {
  const map = parseSessionMapText(JSON.stringify({ 'claude-cli': chats }));
  const { all, lastRun } = restorables(written.toReversed(), map);
  return {
    lastRun,
    all: all.map(({ entry, obstacle }) => [entry.chat, entry.session, obstacle]),
  };
}

describe('what can be restored', () => {
  it('is the last removal of each chat, newest first', () => {
    const journal = [removed('1', 'a', 'A'), removed('1', 'b', 'B'), done('1')];
    const later = [removed('2', 'a', 'A2'), done('2')];
    expect(found([...journal, ...later])).toEqual({
      lastRun: '2',
      all: [
        ['a', 'A2', undefined],
        ['b', 'B', undefined],
      ],
    });
  });

  it('is not what was announced and kept', () => {
    const journal = [removed('1', 'a', 'A'), done('1'), removed('2', 'a', 'A2'), done('2', ['a'])];
    expect(found(journal)).toEqual({ lastRun: '1', all: [['a', 'A', undefined]] });
  });

  it('is not what was kept, in whichever of the lines that a run has ended with', () => {
    const journal = [
      removed('1', 'a', 'A'),
      removed('1', 'b', 'B'),
      done('1', ['a']),
      done('1', ['b']),
    ];
    expect(found(journal)).toEqual({ lastRun: undefined, all: [] });
  });

  it('is not what is back', () => {
    const journal = [removed('1', 'a', 'A'), done('1'), removed('2', 'a', 'A2'), done('2')];
    expect(found(journal, { a: 'A2' })).toEqual({ lastRun: '2', all: [] });
  });

  it('is, for a chat that is mapped anew, in the way', () => {
    const journal = [removed('1', 'a', 'A'), done('1')];
    expect(found(journal, { a: 'A2' }).all).toEqual([['a', 'A', 'mapped']]);
  });

  it('is of a killed run what it had removed', () => {
    const journal = [
      removed('1', 'a', 'A'),
      done('1'),
      removed('2', 'a', 'A2'),
      removed('2', 'b', 'B'),
    ];
    expect(found(journal)).toEqual({
      lastRun: '2',
      all: [
        ['b', 'B', undefined],
        ['a', 'A2', undefined],
      ],
    });
    // It was killed before it removed anything.
    expect(found(journal, { a: 'A2', b: 'B' })).toEqual({
      lastRun: '1',
      all: [['a', 'A', 'mapped']],
    });
  });

  it('has no obstacle where there is no map', () => {
    const { all } = restorables([removed('1', 'a', 'A')], undefined);
    expect(all).toMatchObject([{ obstacle: undefined }]);
  });
});
