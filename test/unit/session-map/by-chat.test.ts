import { describe, expect, it } from 'vitest';
import { ByChat, meant } from '../../../src/session-map/by-chat.js';

const ALL = [
  { provider: 'claude-cli', chat: 'telegram:1' },
  { provider: 'claude-cli', chat: 'telegram:11' },
  { provider: 'codex-cli', chat: 'telegram:11' },
  { provider: 'codex-cli', chat: 'short' },
];

function meantBy(word: string): string[] {
  return meant(ALL, word, (same) => same).map(({ provider, chat }) => `${provider}/${chat}`);
}

describe('the chats that a word means', () => {
  it('are those of this very name, of every CLI, though others begin so', () => {
    expect(meantBy('telegram:1')).toEqual(['claude-cli/telegram:1']);
    expect(meantBy('telegram:11')).toEqual(['claude-cli/telegram:11', 'codex-cli/telegram:11']);
    expect(meantBy('codex-cli/telegram:11')).toEqual(['codex-cli/telegram:11']);
  });

  it('are else those that begin so', () => {
    expect(meantBy('telegram')).toHaveLength(3);
    expect(meantBy('claude-cli/telegram')).toHaveLength(2);
  });

  it('are none for a beginning of fewer than 8 characters', () => {
    expect(meantBy('telegra')).toEqual([]);
    expect(meantBy('shor')).toEqual([]);
    expect(meantBy('short')).toEqual(['codex-cli/short']);
  });
});

describe('things by chat', () => {
  const name = (provider: string, chat: string) => ({ provider, chat });

  it('are told apart by section and chat, whatever these are called', () => {
    const names = [
      name('claude-cli', 'a'),
      name('codex-cli', 'a'),
      name('__proto__', 'constructor'),
    ];
    const things = ByChat.of(names, (one) => [one, names.indexOf(one) + 1]);
    expect(things.get(name('claude-cli', 'a'))).toBe(1);
    expect(things.get(name('codex-cli', 'a'))).toBe(2);
    expect(things.get(name('codex-cli', 'b'))).toBeUndefined();
    expect(things.get(name('gemini-cli', 'a'))).toBeUndefined();
    expect(things.has(name('__proto__', 'constructor'))).toBe(true);
    expect(things.has(name('codex-cli', 'b'))).toBe(false);
    expect(things.has(name('toString', 'a'))).toBe(false);
    expect([...things.values()]).toEqual([1, 2, 3]);
  });

  it('are replaced and taken out', () => {
    const things = new ByChat<string>();
    things.delete(name('p', 'a'));
    things.set(name('p', 'a'), 'old');
    things.set(name('p', 'a'), 'new');
    things.set(name('p', 'b'), 'other');
    expect([...things.values()]).toEqual(['new', 'other']);
    things.delete(name('p', 'a'));
    expect([...things.values()]).toEqual(['other']);
  });
});
