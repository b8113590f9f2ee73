import type { Mapping } from '../session-map/parse.js';

type Named = Pick<Mapping, 'provider' | 'chat'>;

/** The sections or chats that a rule is for: `*` stands for any characters, all else for itself. */
export class Pattern {
  readonly #matcher: RegExp;

  constructor(readonly text: string) {
    const literal = text.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
    this.#matcher = new RegExp(`^${literal.join('.*')}$`, 's');
  }

  /** Whether it is one of a mapping's names: `provider/chat`, or the chat alone. */
  matches({ provider, chat }: Named): boolean {
    return this.#matcher.test(`${provider}/${chat}`) || this.#matcher.test(chat);
  }

  /** As matches, or the name of the mapping's section. */
  matchesSection(mapping: Named): boolean {
    return this.#matcher.test(mapping.provider) || this.matches(mapping);
  }
}

/** An idle threshold; without a pattern that of every session that no pattern is for. */
export interface HoursRule {
  readonly pattern: Pattern | undefined;
  readonly hours: number;
}
