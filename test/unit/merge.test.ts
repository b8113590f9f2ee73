import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merge } from '../../src/session-map/merge.js';
import {
  keyOf,
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

function change(base: SessionMap | undefined, theirs: SessionMap, removed: string[] = []) {
  const gone = new Set(removed.map((chat) => keyOf({ provider: 'claude-cli', chat })));
  return {
    base,
    theirs,
    isOurs: () => false,
    wasRemoved: (provider: string, chat: string) => gone.has(keyOf({ provider, chat })),
  };
}

describe('a change of another process, merged into what stands there now', () => {
  it('keeps what it added, changed and removed, where nobody else touched the chat', () => {
    fc.assert(
      fc.property(chats, chats, chats, (base, theirs, now) => {
        const merged = contentOf(merge(change(mapOf(base), mapOf(theirs)), mapOf(now)));
        for (const chat of ['a', 'b', 'c', 'd', 'e']) {
          const [was, there, here] = [base[chat], theirs[chat], now[chat]];
          if (there === was) expect(merged[chat]).toBe(here);
          else if (here === was) expect(merged[chat]).toBe(there);
        }
      }),
    );
  });

  it('never takes away what stands there with another session', () => {
    fc.assert(
      fc.property(chats, chats, chats, (base, theirs, now) => {
        const merged = contentOf(merge(change(mapOf(base), mapOf(theirs)), mapOf(now)));
        for (const [chat, session] of Object.entries(now)) {
          if (session !== base[chat]) expect(merged[chat]).toBe(session);
        }
      }),
    );
  });

  it('of a killed run, whose base is not known, adds what is not there and was not ours to remove', () => {
    fc.assert(
      fc.property(chats, chats, fc.subarray(['a', 'b', 'c']), (theirs, now, removed) => {
        const merged = contentOf(merge(change(undefined, mapOf(theirs), removed), mapOf(now)));
        const added = Object.entries(theirs).filter(([chat]) => !removed.includes(chat));
        expect(merged).toEqual({ ...Object.fromEntries(added), ...now });
      }),
    );
  });

  it('leaves the text alone where there is nothing to take in', () => {
    const map = mapOf({ a: '1' });
    expect(merge(change(map, map), map).text).toBe(map.text);
  });
});
