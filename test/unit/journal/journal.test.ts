import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JournalEntry } from '../../../src/journal/entries.js';
import {
  appendToJournal,
  JOURNAL_NAME,
  Journal,
  pruneJournal,
} from '../../../src/journal/journal.js';
import { Problems } from '../../../src/output/problems.js';
import { locateMap, type MapPlace } from '../../../src/session-map/location.js';

const journalPath = (directory: string): string => join(directory, JOURNAL_NAME);
const DAY_MS = 24 * 3600 * 1000;
const NOW = Date.parse('2026-11-30T12:00:00Z');

function place(): MapPlace {
  const directory = mkdtempSync(join(tmpdir(), 'journal-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return locateMap(directory, true, new Problems());
}

function removed(chat: string, daysAgo = 0): JournalEntry {
  const at = new Date(NOW - daysAgo * DAY_MS).toISOString();
  const [provider, session] = ['claude-cli', `session-of-${chat}`];
  const raw = JSON.stringify(session);
  return { op: 'remove', run: 'run', at, provider, chat, session, raw, lastActivity: null };
}

function chatsIn(journal: Journal): string[] {
  return [...journal].flatMap((entry) => (entry.op === 'remove' ? entry.chat : []));
}

describe('the journal', () => {
  it('is read from its newest entry on', () => {
    const here = place();
    appendToJournal(here, [removed('a'), removed('b')]);
    appendToJournal(here, [removed('c')]);
    expect(chatsIn(new Journal(here.directory))).toEqual(['c', 'b', 'a']);
  });

  it('is empty when it is not there', () => {
    expect([...new Journal(place().directory)]).toEqual([]);
  });

  it('takes entries as they come, however many', () => {
    const here = place();
    const count = 20_000;
    appendToJournal(
      here,
      (function* () {
        for (let n = 0; n < count; n += 1) yield removed(`chat-${n}`);
      })(),
    );
    expect(chatsIn(new Journal(here.directory)).toReversed()).toEqual(
      Array.from({ length: count }, (_, n) => `chat-${n}`),
    );
  });

  it('is as it was when an entry fails on its way', () => {
    const here = place();
    appendToJournal(here, [removed('a')]);
    const before = readFileSync(journalPath(here.directory), 'utf8');
    const failing = (function* () {
      for (let n = 0; n < 10_000; n += 1) yield removed(`chat-${n}`);
      throw new Error('no more');
    })();
    expect(() => appendToJournal(here, failing)).toThrow(/no more/);
    expect(readFileSync(journalPath(here.directory), 'utf8')).toBe(before);
  });

  it('counts the lines that it skips, but not an unfinished last one, which goes', () => {
    const here = place();
    appendToJournal(here, [removed('a')]);
    appendFileSync(journalPath(here.directory), 'nonsense\n\n[]\n{"op":"remove"}\n{"op":"rem');
    const journal = new Journal(here.directory);
    expect(chatsIn(journal)).toEqual(['a']);
    expect(journal.damaged).toBe(3);
    appendToJournal(here, [removed('b')]);
    expect(chatsIn(journal)).toEqual(['b', 'a']);
    expect(journal.damaged).toBe(3);
  });

  it('leaves no file open, read to its end or not', () => {
    const here = place();
    appendToJournal(here, [removed('a', 40), removed('b')]);
    const open = readdirSync('/proc/self/fd').length;
    for (const _ of new Journal(here.directory)) break;
    expect([...new Journal(here.directory)]).toHaveLength(2);
    appendToJournal(here, [removed('c')]);
    pruneJournal(here, 30 * DAY_MS, NOW, new Problems());
    expect(readdirSync('/proc/self/fd')).toHaveLength(open);
  });

  it('that can not be read or written is an error: then nothing is removed', () => {
    const here = place();
    const path = journalPath(here.directory);
    mkdirSync(path);
    expect(() => [...new Journal(here.directory)]).toThrow(
      `${path}: can't read the journal: not a regular file; nothing was changed`,
    );
    expect(() => appendToJournal(here, [removed('a')])).toThrow(
      `${path}: can't write the journal: is a directory; without it nothing is changed`,
    );
    const problems = new Problems();
    pruneJournal(here, DAY_MS, NOW, problems);
    expect(problems.all).toMatchObject([
      {
        level: 'warning',
        message: `${path}: can't be shortened: not a regular file; it keeps its old entries`,
      },
    ]);
  });

  it('is not written in another directory than the one that was looked at', () => {
    const here = place();
    renameSync(here.directory, `${here.directory}.gone`);
    mkdirSync(here.directory);
    onTestFinished(() => rmSync(`${here.directory}.gone`, { recursive: true }));
    expect(() => appendToJournal(here, [removed('a')])).toThrow(/another directory stands here/);
    expect(readdirSync(here.directory)).toEqual([]);
  });

  it('skips a line of 40 MB', () => {
    const here = place();
    appendToJournal(here, [removed('a')]);
    appendFileSync(journalPath(here.directory), `${'x'.repeat(40 * 1024 * 1024)}\n`);
    appendToJournal(here, [removed('b')]);
    const journal = new Journal(here.directory);
    expect(chatsIn(journal)).toEqual(['b', 'a']);
    expect(journal.damaged).toBe(1);
  });
});

describe('what is older than its days', () => {
  const pruned = (entries: readonly JournalEntry[], now = NOW): string[] => {
    const here = place();
    appendToJournal(here, entries);
    const problems = new Problems();
    pruneJournal(here, 30 * DAY_MS, now, problems);
    expect(problems.all).toEqual([]);
    return chatsIn(new Journal(here.directory)).toReversed();
  };

  it('goes, whatever the size of the rest', () => {
    expect(pruned([removed('old', 40), removed('old too', 31), removed('a', 29)])).toEqual(['a']);
    const many = Array.from({ length: 5000 }, (_, n) => removed(`chat-${n}`, 1));
    expect(pruned([removed('old', 40), ...many])).toHaveLength(5000);
  });

  it('stays for a day more, so that not every run writes the journal anew', () => {
    expect(pruned([removed('a', 30.5), removed('b', 1)])).toEqual(['a', 'b']);
    expect(pruned([removed('a', 31), removed('b', 1)])).toEqual(['a', 'b']);
    expect(pruned([removed('a', 40), removed('b', 30.5), removed('c', 1)])).toEqual(['c']);
  });

  it('goes alone: what is behind a newer entry stays', () => {
    expect(pruned([removed('a', 1), removed('of a clock that was behind', 9000)])).toHaveLength(2);
  });

  it.each([
    ['stays at the beginning', [removed('ahead', -1800), removed('a', 1)], ['ahead', 'a']],
    ['stays behind what goes', [removed('old', 40), removed('ahead', -1800)], ['ahead']],
    ['goes with an old one behind it', [removed('ahead', -1800), removed('old', 40)], []],
  ])('of what a clock that was ahead has written %s', (_, entries, left) => {
    expect(pruned(entries)).toEqual(left);
  });

  it('is of its last day, or of this moment, nothing that goes', () => {
    expect(pruned([removed('old', 40), removed('a', 30)])).toEqual(['a']);
    expect(pruned([removed('ahead', -1), removed('now', 0), removed('old', 40)])).toEqual([
      ...['ahead', 'now', 'old'],
    ]);
  });

  it('leaves a file for its owner alone, and nothing beside it', () => {
    const here = place();
    appendToJournal(here, [removed('old', 40), removed('a', 1)]);
    pruneJournal(here, 30 * DAY_MS, NOW, new Problems());
    expect(statSync(journalPath(here.directory)).mode & 0o777).toBe(0o600);
    expect(readdirSync(here.directory)).toEqual(['session_map.removed.jsonl']);
  });

  it('is nothing when there is no journal', () => {
    const problems = new Problems();
    pruneJournal(place(), DAY_MS, NOW, problems);
    expect(problems.all).toEqual([]);
  });

  it('goes from among lines that can not be read', () => {
    const here = place();
    writeFileSync(journalPath(here.directory), 'nonsense\n');
    appendToJournal(here, [removed('old', 40), removed('a', 1)]);
    pruneJournal(here, 30 * DAY_MS, NOW, new Problems());
    expect(readFileSync(journalPath(here.directory), 'utf8')).toBe(
      `${JSON.stringify(removed('a', 1))}\n`,
    );
  });
});
