import { describe, expect, it } from 'vitest';
import { meant } from '../../../src/session-map/by-chat.js';

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
