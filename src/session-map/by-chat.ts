import { type Mapping, mappingsOf, type SessionMap } from './parse.js';

/** The two names of a mapping. */
export interface ChatName {
  readonly provider: string;
  readonly chat: string;
}

/** One thing for each chat of a section. One string of both names would cost more than most of them. */
export class ByChat<T> {
  readonly #sections = new Map<string, Map<string, T>>();

  static of<One, T>(all: Iterable<One>, entryOf: (one: One) => readonly [ChatName, T]): ByChat<T> {
    const things = new ByChat<T>();
    for (const one of all) things.set(...entryOf(one));
    return things;
  }

  get({ provider, chat }: ChatName): T | undefined {
    return this.#sections.get(provider)?.get(chat);
  }

  has({ provider, chat }: ChatName): boolean {
    return this.#sections.get(provider)?.has(chat) ?? false;
  }

  set({ provider, chat }: ChatName, thing: T): void {
    const chats = this.#sections.get(provider) ?? new Map<string, T>();
    this.#sections.set(provider, chats);
    chats.set(chat, thing);
  }

  delete({ provider, chat }: ChatName): void {
    this.#sections.get(provider)?.delete(chat);
  }

  *values(): Generator<T> {
    for (const chats of this.#sections.values()) yield* chats.values();
  }
}

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

/** Whether a map has a chat with this very session. */
export function hasMapping(map: SessionMap | undefined): (mapping: Mapping) => boolean {
  const sessions = ByChat.of(mappingsOf(map), (mapping) => [mapping, mapping.session]);
  return (mapping) => sessions.get(mapping) === mapping.session;
}
