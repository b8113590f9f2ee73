import { describe, expect, it } from 'vitest';
import { localTime } from '../../../src/output/time.js';
import type { Row } from '../../../src/report/clean-report.js';
import { cleanText } from '../../../src/report/clean-text.js';
import { NOW, reportOf, rowOf } from './report-of.js';

const PLAIN = { verbose: false, color: false, width: undefined };

async function linesOf(...rows: Row[]): Promise<string[]> {
  return [...(await cleanText(reportOf(rows), PLAIN))].join('').split('\n');
}

describe('the report of a clean run', () => {
  it.each([
    ['active', 'Session 0856b851 active (idle 5.0h, last: '],
    ['idle', 'Session 0856b851 idle for 5.0h (last: '],
    ['missing', 'Session 0856b851 file not found (kept)'],
    ['unreadable', 'Session 0856b851 could not be looked at (kept)'],
    ['unrecognized', 'Session 0856b851 is none that a known CLI could have given (kept)'],
  ] as const)('says of a session that is %s: %s', async (state, words) => {
    const kept = { action: 'kept', via: null } as const;
    const lines = await linesOf(rowOf({ state, keptBecause: 'doubt' }, kept));
    expect(lines.join('\n')).toContain(`claude-cli/dace53ab: ${words}`);
  });

  it('says why an idle one was kept', async () => {
    const kept = { action: 'kept', via: null, note: '--keep names it' } as const;
    const lines = await linesOf(rowOf({ keptBecause: 'rule' }, kept));
    expect(lines).toContain('     Kept: --keep names it');
  });

  it('names the way back of each CLI', async () => {
    const lines = await linesOf(
      rowOf({}),
      rowOf({ transcript: null, state: 'missing' }),
      rowOf({ mapping: { family: 'codex', provider: 'codex-cli', session: 'x' } }),
    );
    expect(lines.filter((line) => line.includes('Removed mapping'))).toEqual([
      '     ✂️  Removed mapping (can be restored with --resume)',
      "     ✂️  Removed mapping ('restore' puts it back)",
      '     ✂️  Removed mapping (can be restored with codex resume x)',
    ]);
  });

  it('names restore in its summary when something went, and not otherwise', async () => {
    const restore = '  To put them back: claude-session-cleanup restore --last';
    expect(await linesOf(rowOf({}))).toContain(restore);
    expect(await linesOf()).not.toContain(restore);
  });

  it('knows one from several', async () => {
    const one = await linesOf(rowOf({}));
    expect(one).toContain('Processing claude-cli sessions (1 chat)');
    expect(one).toContain('  Cleaned up: 1 mapping');
    const two = await linesOf(rowOf({}), rowOf({ mapping: { chat: 'b' } }));
    expect(two).toContain('Processing claude-cli sessions (2 chats)');
    expect(two).toContain('  Cleaned up: 2 mappings');
  });

  it('says of an activity that no calendar has, and of one to come, what can be said', async () => {
    const [odd, later] = [rowOf({ lastActivity: 9e15 }), rowOf({ lastActivity: NOW + 1 })];
    const lines = (await linesOf(odd, later)).join('\n');
    expect(lines).toContain('idle for 0.0h (last: unknown)');
    expect(lines).toContain(`idle for 0.0h (last: ${localTime(NOW + 1)})`);
  });
});
