import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { restoreToFile } from '../../../src/commit/restore-mappings.js';
import { exchangeBy, inTurn, MapDirectory, realExchange } from './map-directory.js';

/** A mapping as it stood in a map. */
function former(chat: string, session: string | null, provider = 'claude-cli') {
  return { provider, chat, session, raw: JSON.stringify(session) };
}

async function restore(
  map: MapDirectory,
  entries: readonly ReturnType<typeof former>[],
  replaces?: boolean,
) {
  const { restored, ...end } = await restoreToFile(map.location, entries, 'run-1', replaces);
  return { restored: [...restored.values()].map(({ chat }) => chat), ...end };
}

function journalOf(map: MapDirectory): Record<string, unknown>[] {
  const text = readFileSync(join(map.location.directory, 'session_map.removed.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('mappings are put back into the file', () => {
  it('behind the others, in their order, and the journal tells it', async () => {
    const map = new MapDirectory({ busy: '1' });
    expect(await restore(map, [former('b', '2'), former('a', '3')])).toEqual({
      restored: ['b', 'a'],
      collisions: 0,
      weaker: undefined,
      failure: undefined,
    });
    expect(Object.entries(map.chats)).toEqual([
      ['busy', '1'],
      ['b', '2'],
      ['a', '3'],
    ]);
    const entry = { op: 'restore', run: 'run-1', provider: 'claude-cli' };
    expect(journalOf(map)).toMatchObject([
      { ...entry, chat: 'b', session: '2' },
      { ...entry, chat: 'a', session: '3' },
    ]);
    expect(journalOf(map)).toHaveLength(2);
  });

  it('where their chats are not mapped', async () => {
    const map = new MapDirectory({ a: '1' });
    const { restored } = await restore(map, [former('a', '2'), former('b', '3')]);
    expect({ restored, chats: map.chats }).toEqual({ restored: ['b'], chats: { a: '1', b: '3' } });
  });

  it('in the place of newer ones when that is asked for, which the journal gets', async () => {
    const map = new MapDirectory({ a: '1', same: '4' });
    const { restored } = await restore(map, [former('a', '2'), former('same', '4')], true);
    expect({ restored, chats: map.chats }).toEqual({
      restored: ['a'],
      chats: { a: '2', same: '4' },
    });
    expect(journalOf(map)).toMatchObject([
      { op: 'remove', run: 'run-1', chat: 'a', session: '1', lastActivity: null },
      { op: 'restore', chat: 'a', session: '2' },
      { op: 'done', kept: [], unsure: [], collisions: 0 },
    ]);
  });

  it('never in the place of a value that is not understood', async () => {
    const map = new MapDirectory({});
    const text = '{"claude-cli":{"a":"1","odd":[7]}}';
    writeFileSync(map.path, text);
    const { restored } = await restore(map, [former('odd', '2')], true);
    expect({ restored, text: readFileSync(map.path, 'utf8') }).toEqual({ restored: [], text });
  });

  it('also one whose session is not known, of which the journal has no line', async () => {
    const map = new MapDirectory({ a: '1' });
    const { restored } = await restore(map, [former('b', null), former('c', '2')]);
    expect(restored).toEqual(['b', 'c']);
    expect(journalOf(map)).toMatchObject([{ op: 'restore', chat: 'c' }]);
    expect(journalOf(map)).toHaveLength(1);
  });

  it('but for those of another CLI in a flat map', async () => {
    const map = new MapDirectory({});
    writeFileSync(map.path, '{"a":"1"}');
    const { restored } = await restore(map, [former('b', '2'), former('c', '3', 'codex-cli')]);
    expect(restored).toEqual(['b']);
    expect(JSON.parse(readFileSync(map.path, 'utf8'))).toEqual({ a: '1', b: '2' });
  });

  it('and those that are gone or changed afterwards do not count', async () => {
    const map = new MapDirectory({ a: '1' });
    exchangeBy(
      inTurn(
        [
          (one: string, other: string) => {
            map.rename({ a: '1', added: '4' });
            return realExchange(one, other);
          },
          realExchange,
          (one: string, other: string) => {
            const done = realExchange(one, other);
            map.rename({ a: '1', added: '4', b: '9', c: '3' });
            return done;
          },
        ],
        realExchange,
      ),
    );
    const { restored, collisions } = await restore(map, [former('b', '2'), former('c', '3')]);
    expect({ restored, collisions }).toEqual({ restored: ['c'], collisions: 1 });
  });
});
