import { describe, expect, it } from 'vitest';
import { checkClis } from '../../../src/doctor/clis.js';
import type { Roots } from '../../../src/providers/index.js';
import { parseSessionMap } from '../../../src/session-map/parse.js';
import { FoundActivity } from '../../../src/sessions/activity.js';
import { decide, type Policy, suspiciousPictures } from '../../../src/sessions/decide.js';
import { unite } from '../../../src/sessions/mapped.js';
import { Home, uuid } from '../../support/home.js';

/** What the page says of the three CLIs, by name. */
function check(home: Home, map: unknown) {
  const parsed = parseSessionMap(Buffer.from(JSON.stringify(map)));
  const mappings = unite(undefined, parsed).flatMap((section) => section.mappings);
  const families = ['claude', 'gemini', 'codex'];
  const roots = Object.fromEntries(families.map((each) => [each, `${home.dir}/.${each}`])) as Roots;
  const now = Date.now();
  const policy: Policy = {
    now,
    thresholdMsOf: () => 1,
    isKept: () => false,
    missing: 'keep',
    missingSince: () => undefined,
    keepRunning: false,
  };
  const activity = new FoundActivity(mappings, roots, policy);
  const decisions = decide(mappings, activity, policy);
  const found = checkClis(mappings, activity, suspiciousPictures(decisions));
  return Object.fromEntries(found.map((finding) => [finding.subject, finding]));
}

describe('a CLI', () => {
  it('is well when each mapped session has a transcript', () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.claude(uuid(2), 5);
    const found = check(home, { 'claude-cli': { a: uuid(1) } });
    expect(found['Claude Code']).toMatchObject({
      level: 'ok',
      message: `${home.dir}/.claude: 2 transcripts; 1 of 1 mapped sessions have one`,
    });
  });

  it('is well when no session of it is mapped, whatever it has', () => {
    const home = new Home();
    expect(check(home, {})['Codex CLI']).toMatchObject({
      level: 'ok',
      message: `${home.dir}/.codex: no session of it is mapped`,
    });
  });

  it('has none of the mapped sessions: wrong user or home', () => {
    const home = new Home();
    expect(check(home, { 'codex-cli': { a: uuid(1) } })['Codex CLI']).toMatchObject({
      level: 'problem',
      message: expect.stringContaining('0 of 1 mapped sessions'),
      fix: expect.stringMatching(/--codex-dir or CODEX_HOME/),
    });
  });

  it('may have deleted some: a warning', () => {
    const home = new Home();
    home.codex(uuid(2), 5);
    const found = check(home, { 'codex-cli': { a: uuid(1), b: uuid(2) } });
    expect(found['Codex CLI']).toMatchObject({
      level: 'warning',
      fix: expect.stringContaining('--missing remove'),
    });
  });

  it('has a file that keeps a session from being judged', () => {
    const home = new Home();
    const gemini = '.gemini/tmp/work/chats/session-2026-11-20T10-15-01010101.jsonl';
    const nameless = home.file(gemini, 5, '{"nobody": true}\n');
    expect(check(home, { 'gemini-cli': { a: uuid(1) } })['Gemini CLI']).toMatchObject({
      level: 'problem',
      message: expect.stringMatching(`^${nameless}: .*; what depends on it stays mapped$`),
    });
  });
});

describe('the three newest sessions without a transcript', () => {
  const chats = Object.fromEntries([1, 2, 3, 4, 5].map((at) => [`chat-${at}`, uuid(at)]));

  it('tell an old copy of the home', () => {
    const home = new Home();
    for (const at of [1, 2]) home.claude(uuid(at), 5);
    expect(check(home, { 'claude-cli': chats })['Claude Code']).toMatchObject({
      level: 'problem',
      message: expect.stringContaining(
        '2 of 5 mapped sessions have one, and the 3 newest have none',
      ),
    });
  });

  it('are a warning of Gemini, which deletes transcripts by itself', () => {
    const home = new Home();
    for (const at of [1, 2]) home.gemini(uuid(at), 5);
    expect(check(home, { 'gemini-cli': chats })['Gemini CLI']?.level).toBe('warning');
  });
});
