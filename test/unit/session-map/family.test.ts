import { describe, expect, it } from 'vitest';
import { familyOf } from '../../../src/session-map/family.js';

describe('a section belongs to the CLI that its name begins with', () => {
  it.each([
    ['claude-cli', 'claude'],
    ['codex', 'codex'],
    ['gemini-2.5', 'gemini'],
    ['claudette', undefined],
    ['', undefined],
    ['__proto__', undefined],
    ['my-claude', undefined],
  ])('%j: %s', (section, family) => {
    expect(familyOf(section)).toBe(family);
  });
});
