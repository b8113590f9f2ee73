import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merge } from '../../src/session-map/merge.js';
import {
  keyOf,
  type Mapping,
  mappingsOf,
  parseSessionMapText,
  type SessionMap,
} from '../../src/session-map/session-map.js';

type Chats = Record<string, string>;

const chats = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  fc.constantFrom('1', '2', '3'),
);

function mapOf(content: Chats): SessionMap {
  return parseSessionMapText(JSON.stringify({ 'claude-cli': content, 'codex-cli': {} }));
}

function contentOf(map: SessionMap): Chats {
  return Object.fromEntries(mappingsOf(map).map(({ chat, session }) => [chat, session ?? '']));
}

function change(exchange: [Chats, Chats] | undefined, theirs: Chats, removed: string[] = []) {
  const gone = new Set(removed.map((chat) => keyOf({ provider: 'claude-cli', chat })));
  const [before, ours] = exchange?.map(mapOf) ?? [];
  return {
    exchange: before && ours && { before, ours },
    theirs: mapOf(theirs),
    isOurs: () => false,
    wasRemoved: (mapping: Mapping) => gone.has(keyOf(mapping)),
  };
}

describe('a change of another process, merged into what stands there now', () => {
  it('counts where nobody has touched the chat since the exchange; else what stands there counts', () => {
    fc.assert(
      fc.property(chats, chats, chats, chats, (before, ours, theirs, now) => {
        const merged = contentOf(merge(change([before, ours], theirs), mapOf(now)));
        for (const chat of ['a', 'b', 'c', 'd', 'e']) {
          const isTheirs = theirs[chat] !== before[chat] && now[chat] === ours[chat];
          expect(merged[chat]).toBe(isTheirs ? theirs[chat] : now[chat]);
        }
      }),
    );
  });

  it('counts, too, where an earlier change of the same chat had been taken in by then', () => {
    const theirs = change([{ a: '1' }, { a: '2' }], { a: '3' });
    expect(contentOf(merge(theirs, mapOf({ a: '2', b: '1' })))).toEqual({ a: '3', b: '1' });
  });

  it('of a killed run, whose base is not known, adds what is not there and was not ours to remove', () => {
    fc.assert(
      fc.property(chats, chats, fc.subarray(['a', 'b', 'c']), (theirs, now, removed) => {
        const merged = contentOf(merge(change(undefined, theirs, removed), mapOf(now)));
        const added = Object.entries(theirs).filter(([chat]) => !removed.includes(chat));
        expect(merged).toEqual({ ...Object.fromEntries(added), ...now });
      }),
    );
  });

  it('leaves the text alone where there is nothing to take in', () => {
    const map = mapOf({ a: '1' });
    const nothing = change([{ a: '1' }, { a: '1' }], { a: '1' });
    expect(merge(nothing, map).text).toBe(map.text);
  });
});
