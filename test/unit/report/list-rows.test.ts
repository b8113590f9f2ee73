import { describe, expect, it } from 'vitest';
import { chosenOf, type ListChoice } from '../../../src/report/list-rows.js';
import { NOW, rowOf } from './report-of.js';

const ROWS = [
  rowOf({ mapping: { provider: 'codex-cli', family: 'codex', chat: 'b' }, lastActivity: NOW - 2 }),
  rowOf({ mapping: { chat: 'c' }, lastActivity: null, state: 'missing' }),
  rowOf({ mapping: { chat: 'a' }, lastActivity: NOW - 1, state: 'active', running: true }),
  rowOf({ mapping: { provider: 'claude-dev', chat: 'a' }, lastActivity: NOW - 3 }),
].map(({ decision }) => decision);

function chosen(choice: Partial<ListChoice>): string {
  const decisions = chosenOf(ROWS, {
    provider: undefined,
    state: undefined,
    sort: undefined,
    ...choice,
  });
  return decisions.map(({ mapping }) => `${mapping.provider}/${mapping.chat}`).join(' ');
}

describe('the rows of a list', () => {
  it.each([
    [{}, 'codex-cli/b claude-cli/c claude-cli/a claude-dev/a'],
    [{ provider: 'claude' }, 'claude-cli/c claude-cli/a claude-dev/a'],
    [{ provider: 'claude-dev' }, 'claude-dev/a'],
    [{ state: 'idle' }, 'codex-cli/b claude-dev/a'],
    [{ state: 'running' }, 'claude-cli/a'],
    [{ sort: 'idle' }, 'claude-dev/a codex-cli/b claude-cli/a claude-cli/c'],
    [{ sort: 'chat' }, 'claude-cli/a claude-dev/a codex-cli/b claude-cli/c'],
    [{ sort: 'provider' }, 'claude-cli/c claude-cli/a claude-dev/a codex-cli/b'],
  ] as const)('are, asked for %o: %s', (choice, names) => {
    expect(chosen(choice)).toBe(names);
  });
});
