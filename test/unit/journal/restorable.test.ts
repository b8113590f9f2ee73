import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../src/journal/entries.js';
import { chooseRemovals, restorables } from '../../../src/journal/restorable.js';
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

  it('has a flat map in the way when it is of another CLI', () => {
    const entries = [removed('1', 'a', 'A'), { ...removed('1', 'b', 'B'), provider: 'codex-cli' }];
    const flat = parseSessionMapText('{"x": "X"}');
    const { all } = restorables([...entries, done('1')].toReversed(), flat);
    expect(all.map(({ entry, obstacle }) => [entry.chat, obstacle])).toEqual([
      ['b', 'flat'],
      ['a', undefined],
    ]);
  });

  it('is not what was put back, and what was unsure is', () => {
    const kept = { provider: 'claude-cli', chat: 'u' };
    const journal: JournalEntry[] = [
      removed('1', 'a', 'A'),
      removed('1', 'u', 'U'),
      { op: 'done', run: '1', at: AT, kept: [], unsure: [kept], collisions: 0 },
      { op: 'restore', run: '2', at: AT, provider: 'claude-cli', chat: 'a', session: 'A' },
    ];
    expect(found(journal, { a: 'A' })).toEqual({ lastRun: '1', all: [['u', 'U', undefined]] });
  });
});

describe('what a user asks for', () => {
  const journal = [
    removed('1', 'telegram:1', 'A'),
    { ...removed('1', 'telegram:1', 'C'), provider: 'codex-cli' },
    done('1'),
    removed('2', 'telegram:22', 'B'),
    removed('2', 'telegram:23', 'B'),
    done('2'),
  ];
  const { all } = restorables(journal.toReversed(), undefined);
  const NONE = { all: false, run: undefined };
  const sessions = (chats: string[], choice: Parameters<typeof chooseRemovals>[2] = NONE) =>
    chooseRemovals(all, chats, choice).map(({ entry }) => `${entry.chat} ${entry.session}`);

  it('is everything, or what one run removed', () => {
    expect(sessions([], { all: true, run: undefined })).toHaveLength(4);
    expect(sessions([], { all: false, run: '1' })).toEqual(['telegram:1 C', 'telegram:1 A']);
    expect(sessions([], NONE)).toEqual([]);
  });

  it('is a chat of every CLI, one of a single CLI, or a beginning; newest first, each once', () => {
    expect(sessions(['telegram:1'])).toEqual(['telegram:1 C', 'telegram:1 A']);
    expect(sessions(['codex-cli/telegram:1', 'telegram:22', 'telegram:22'])).toEqual([
      'telegram:22 B',
      'telegram:1 C',
    ]);
    expect(sessions(['codex-cli/telegra'])).toEqual(['telegram:1 C']);
  });

  it('is an error when there is no such chat, or several begin so', () => {
    expect(() => sessions(['nobody'])).toThrow(
      "no removed mapping of chat 'nobody' can be put back; 'restore' alone lists those that can",
    );
    expect(() => sessions(['telegram:2'])).toThrow(
      "'telegram:2' means several chats; give more of the id",
    );
  });
});
