import { fstatSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ok, problem, warning } from '../../../src/output/finding.js';
import { goesToJournal, printProblems } from '../../../src/output/streams.js';

/** What systemd would call standard error, were it a stream to the journal. */
function standardError(): string {
  const { dev, ino } = fstatSync(2, { bigint: true });
  return `${dev}:${ino}`;
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('standard error', () => {
  it.each([
    ['itself', standardError(), true],
    ['another inode', `${standardError()}1`, false],
    ['nothing', '', false],
  ])('goes to the journal or not when JOURNAL_STREAM names %s', (_, stream, goes) => {
    vi.stubEnv('JOURNAL_STREAM', stream);
    expect(goesToJournal(2)).toBe(goes);
  });

  const findings = [problem('/map', 'is odd', 'mend it'), warning('', 'look'), ok('a', 'b')];

  function printed(): unknown[] {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    printProblems(findings);
    return error.mock.calls.flat();
  }

  it('gets a line for each finding', () => {
    vi.stubEnv('JOURNAL_STREAM', '');
    expect(printed()).toEqual([
      'claude-session-cleanup: error: /map: is odd; mend it',
      'claude-session-cleanup: warning: look',
      'claude-session-cleanup: ok: a: b',
    ]);
  });

  it('gets priorities before them where it goes to the journal', () => {
    vi.stubEnv('JOURNAL_STREAM', standardError());
    expect(printed()).toEqual([
      '<3>claude-session-cleanup: error: /map: is odd; mend it',
      '<4>claude-session-cleanup: warning: look',
      '<6>claude-session-cleanup: ok: a: b',
    ]);
  });
});
