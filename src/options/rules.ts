import { UsageError } from '../errors.js';
import { hours } from './values.js';

/** A mapping's names. */
export interface Named {
  readonly provider: string;
  readonly chat: string;
}

/** The sections or chats that a rule is for: `*` stands for any characters, all else for itself. */
export class Pattern {
  readonly #matcher: RegExp;

  /** @throws UsageError when it is blank */
  constructor(text: string) {
    if (text.trim() === '') throw new UsageError("It takes a pattern, such as 'claude-cli/ops-*'.");
    const literal = text.split(/\*+/).map((part) => part.replaceAll(/[^\w\s]/g, '\\$&'));
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

/** A threshold, `<n>` or `<pattern>=<n>`; a pattern may have an `=` in it. */
export function hoursRule(text: string): HoursRule {
  const at = text.lastIndexOf('=');
  const pattern = at < 0 ? undefined : new Pattern(text.slice(0, at));
  return { pattern, hours: hours(text.slice(at + 1)) };
}
