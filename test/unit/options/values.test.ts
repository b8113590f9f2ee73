import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { hoursRule, pattern } from '../../../src/options/values.js';

const names = ['claude-cli/ops-1', 'ops-1'];

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
    expect(pattern(text)(...names)).toBe(matches);
  });

  it('without a star matches the chat of that very name, whatever characters it has', () => {
    const text = fc.string({ minLength: 1, maxLength: 20 }).filter((each) => each.trim() !== '');
    fc.assert(
      fc.property(text, text, (chat, other) => {
        const literal = pattern(chat);
        if (!chat.includes('*')) {
          expect(literal(chat)).toBe(true);
          expect(literal(other)).toBe(chat === other);
        }
        expect(pattern(`${chat}*`)(`${chat}${other}`)).toBe(true);
      }),
    );
  });

  it.each(['', ' '])('is not %j', (text) => {
    expect(() => pattern(text)).toThrow(UsageError);
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
    expect(rule.matches?.(chat ?? '')).toBe(chat && true);
  });

  it.each(['', '0', 'two', 'codex-cli=', 'codex-cli=two', '=12', 'a=-1', 'a=0'])(
    'is not %j',
    (text) => {
      expect(() => hoursRule(text)).toThrow(UsageError);
    },
  );
});
