import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { hoursRule, Pattern } from '../../../src/options/rules.js';

const mapping = { provider: 'claude-cli', chat: 'ops-1' };

describe('a pattern', () => {
  it.each([
    ['ops-1', true],
    ['ops-*', true],
    ['*', true],
    ['claude-cli/ops-1', true],
    ['claude-cli/*', true],
    ['*/ops-*', true],
    ['ops', false],
    ['ps-1', false],
    ['claude-cli', false],
    ['codex-cli/*', false],
    ['ops.1', false],
    ['OPS-1', false],
  ])('%s matches claude-cli/ops-1: %s', (text, matches) => {
    expect(new Pattern(text).matches(mapping)).toBe(matches);
  });

  it('matches a section by its name, where sections count', () => {
    expect(new Pattern('claude-cli').matchesSection(mapping)).toBe(true);
    expect(new Pattern('claude-*').matchesSection(mapping)).toBe(true);
    expect(new Pattern('claude').matchesSection(mapping)).toBe(false);
  });

  it('without a star matches the chat of that very name, whatever characters it has', () => {
    const text = fc.string({ minLength: 1, maxLength: 20 }).filter((each) => each.trim() !== '');
    fc.assert(
      fc.property(text, text, (chat, other) => {
        const literal = new Pattern(chat);
        if (!chat.includes('*')) {
          expect(literal.matches({ provider: 'p', chat })).toBe(true);
          expect(literal.matches({ provider: 'p', chat: other })).toBe(
            chat === other || chat === `p/${other}`,
          );
        }
        const around = new Pattern(`${chat}*`);
        expect(around.matches({ provider: 'p', chat: `${chat}${other}` })).toBe(true);
      }),
    );
  });

  it.each(['', ' '])('is not %j', (text) => {
    expect(() => new Pattern(text)).toThrow(UsageError);
  });
});

describe('a threshold', () => {
  it.each([
    ['2', undefined, 2],
    ['0.5', undefined, 0.5],
    ['ops-*=48', 'ops-1', 48],
    ['a=b=12', 'a=b', 12],
  ])('%s', (text, chat, hours) => {
    const rule = hoursRule(text);
    expect(rule.hours).toBe(hours);
    expect(rule.pattern?.matches({ provider: 'p', chat: chat ?? '' })).toBe(chat && true);
  });

  it.each(['', '0', 'two', 'codex-cli=', 'codex-cli=two', '=12', 'a=-1', 'a=0'])(
    'is not %j',
    (text) => {
      expect(() => hoursRule(text)).toThrow(UsageError);
    },
  );
});
