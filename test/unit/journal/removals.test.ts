import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Journal } from '../../../src/journal/journal.js';
import { type Leaving, RemovalJournal } from '../../../src/journal/removals.js';
import { Problems } from '../../../src/output/problems.js';
import { locateMap, type MapPlace } from '../../../src/session-map/location.js';

let place: MapPlace;
beforeEach(() => {
  const directory = mkdtempSync(join(tmpdir(), 'removals-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  place = locateMap(directory, true, new Problems());
});

function leaving(chat: string, session: string | null = 'S', raw = '"S"'): Leaving {
  const mapping = { provider: 'claude-cli', family: 'claude', chat, session, raw } as const;
  return { mapping, lastActivity: 5 };
}

const name = (chat: string) => ({ provider: 'claude-cli', chat });

/** Oldest first, without their times. */
function entries(): unknown[] {
  return [...new Journal(place.directory)].toReversed().map(({ at, ...entry }) => {
    expect(Math.abs(Date.now() - Date.parse(at))).toBeLessThan(60_000);
    return entry;
  });
}

const removed = (chat: string, raw = '"S"') => ({
  ...{ op: 'remove', run: 'run', ...name(chat), session: 'S', raw, lastActivity: 5 },
});

describe('what a run is about to remove', () => {
  it('is announced, each mapping once', () => {
    const journal = new RemovalJournal(place, 'run');
    journal.announce([leaving('a'), leaving('b')], 'by-provider');
    journal.announce([leaving('b'), leaving('c')], 'by-provider');
    journal.announce([leaving('a'), leaving('c')], 'by-provider');
    expect(entries()).toEqual([removed('a'), removed('b'), removed('c')]);
  });

  it('is announced again when another value stands there', () => {
    const journal = new RemovalJournal(place, 'run');
    journal.announce([leaving('a')], 'by-provider');
    journal.announce([leaving('a', 'S', '{"session_id": "S"}')], 'by-provider');
    expect(entries()).toEqual([removed('a'), removed('a', '{"session_id": "S"}')]);
  });

  it('is told to be of a flat map, and no value without a session is', () => {
    new RemovalJournal(place, 'run').announce([leaving('a'), leaving('n', null)], 'flat');
    expect(entries()).toEqual([{ ...removed('a'), flat: true }]);
  });
});

describe('the end of a run', () => {
  it('tells what stayed, in lines of a bounded length', () => {
    const journal = new RemovalJournal(place, 'run');
    const kept = Array.from({ length: 10_001 }, (_, n) => name(`chat-${n}`));
    journal.announce([leaving('a')], 'by-provider');
    journal.end(kept, [name('u')], 3);
    const done = { op: 'done', run: 'run', collisions: 3 };
    expect(entries()).toEqual([
      removed('a'),
      { ...done, kept: [], unsure: [name('u')] },
      { ...done, kept: kept.slice(0, 10_000), unsure: [] },
      { ...done, kept: kept.slice(10_000), unsure: [] },
    ]);
  });

  it('is told when nothing stayed, and not when nothing was announced', () => {
    const journal = new RemovalJournal(place, 'run');
    journal.announce([], 'by-provider');
    journal.end([name('a')], [], 0);
    expect(entries()).toEqual([]);
    journal.announce([leaving('a')], 'by-provider');
    journal.end([], [], 0);
    const done = { op: 'done', run: 'run', kept: [], unsure: [], collisions: 0 };
    expect(entries()).toEqual([removed('a'), done]);
  });
});
