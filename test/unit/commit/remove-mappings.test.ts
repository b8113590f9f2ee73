import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeFromFile } from '../../../src/commit/remove-mappings.js';
import { type Leaving, RemovalJournal } from '../../../src/journal/removals.js';
import type { MapLocation } from '../../../src/session-map/location.js';
import { mappingsOf, parseSessionMapText } from '../../../src/session-map/parse.js';
import { exchangeBy, inTurn, MapDirectory, realExchange } from './map-directory.js';

/** Those of these chats that were judged, with the session that they had. */
function judged(chats: Readonly<Record<string, string>>): Leaving[] {
  const map = parseSessionMapText(JSON.stringify({ 'claude-cli': chats }));
  return mappingsOf(map).map((mapping) => ({ mapping, lastActivity: Number(mapping.session) }));
}

function journalIn({ directory }: MapLocation): Record<string, unknown>[] {
  const text = readFileSync(join(directory, 'session_map.removed.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Removes them; `stays` is asked of each chat. */
async function remove(
  map: MapDirectory,
  candidates: readonly Leaving[],
  stays: (chat: string) => boolean = () => false,
  refresh = () => {},
) {
  const { location } = map;
  const check = { refresh, stays: ({ mapping: { chat } }: Leaving) => stays(chat) };
  const journal = new RemovalJournal(location, 'run-1');
  const { removed, ...end } = await removeFromFile(location, candidates, journal, check);
  return { removed: [...removed.values()].map(({ mapping }) => mapping.chat), ...end };
}

describe('mappings are removed from the file', () => {
  it('that still name the session that was judged', async () => {
    const map = new MapDirectory({ idle: '1', changed: '9', other: '3' });
    const candidates = judged({ idle: '1', changed: '2', gone: '4' });
    expect(await remove(map, candidates)).toEqual({
      removed: ['idle'],
      collisions: 0,
      weaker: undefined,
      failure: undefined,
    });
    expect(map.chats).toEqual({ changed: '9', other: '3' });
  });

  it('when they are in the journal', async () => {
    const map = new MapDirectory({ idle: '1', busy: '2', old: '3' });
    let before: unknown;
    exchangeBy((a, b) => {
      before = journalIn(map.location);
      return realExchange(a, b);
    });
    await remove(map, judged({ idle: '1', old: '3' }));
    const entry = { op: 'remove', run: 'run-1', provider: 'claude-cli' };
    expect(before).toMatchObject([
      { ...entry, chat: 'idle', session: '1', raw: '"1"', lastActivity: 1 },
      { ...entry, chat: 'old', session: '3', raw: '"3"', lastActivity: 3 },
    ]);
  });

  it('but for those that the last look holds back', async () => {
    const map = new MapDirectory({ idle: '1', active: '2' });
    const { removed } = await remove(
      map,
      judged({ idle: '1', active: '2' }),
      (chat) => chat === 'active',
    );
    expect({ removed, chats: map.chats }).toEqual({ removed: ['idle'], chats: { active: '2' } });
  });

  it('but for those that became active when it looked once more', async () => {
    const map = new MapDirectory({ idle: '1', active: '2' });
    let looks = 0;
    const { removed } = await remove(
      map,
      judged({ idle: '1', active: '2' }),
      (chat) => looks > 1 && chat === 'active',
      () => {
        looks += 1;
      },
    );
    expect({ removed, chats: map.chats }).toEqual({ removed: ['idle'], chats: { active: '2' } });
    expect(looks).toBeGreaterThan(2);
  });

  it('and those that are mapped anew afterwards do not count', async () => {
    const map = new MapDirectory({ idle: '1', old: '3' });
    exchangeBy(
      inTurn(
        [
          (a: string, b: string) => {
            map.rename({ idle: '1', old: '3', added: '4' });
            return realExchange(a, b);
          },
          realExchange,
          (a: string, b: string) => {
            const done = realExchange(a, b);
            map.rename({ idle: '7', added: '4' });
            return done;
          },
        ],
        realExchange,
      ),
    );
    const { removed, collisions } = await remove(map, judged({ idle: '1', old: '3' }));
    expect({ removed, collisions }).toEqual({ removed: ['old'], collisions: 1 });
    expect(map.chats).toEqual({ idle: '7', added: '4' });
  });
});
