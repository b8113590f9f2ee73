import type { ChatName } from './by-chat.js';

const SHORTEST_BEGINNING = 8;

/**
 * Those that a user's word means: a whole chat id or `provider/chat`, or else the beginning of one, of 8
 * characters at least.
 */
export function meant<T>(all: readonly T[], word: string, nameOf: (one: T) => ChatName): T[] {
  const matching = (matches: (name: string) => boolean): T[] =>
    all.filter((one) => {
      const { provider, chat } = nameOf(one);
      return matches(chat) || matches(`${provider}/${chat}`);
    });
  const exact = matching((name) => name === word);
  if (exact.length > 0 || word.length < SHORTEST_BEGINNING) return exact;
  return matching((name) => name.startsWith(word));
}
