import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Problems } from '../../../src/output/problems.js';
import { type AssessOptions, reportUnreadable } from '../../../src/sessions/assess.js';
import { assessed as assessedIn } from '../../support/assessed.js';
import { HOUR_MS, Home, uuid } from '../../support/home.js';

/** What is found and told of a home, one line for each finding. */
async function assessed(home: Home, over: Partial<AssessOptions> = {}) {
  const { assessment, problems } = await assessedIn(home, over);
  const told = problems.all.map(
    ({ level, subject, message, fix }) => `${level}: ${subject}: ${message}; ${fix}`,
  );
  const chats = assessment.decisions.map(({ mapping, state, keptBecause }) => [
    mapping.chat,
    state,
    keptBecause,
  ]);
  return { assessment, told, chats };
}

/** A bridge with this memory. */
async function bridgeWith(memory: unknown): Promise<URL> {
  const server = createServer((_, response) => response.end(JSON.stringify({ sessions: memory })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const [A, B, C, D, E] = [1, 2, 3, 4, 5].map((number) => uuid(number)) as [
  ...[string, string, string, string, string],
];

describe('a map', () => {
  it('of which all is plain gets a decision for each mapping, and nothing is told', async () => {
    const home = new Home();
    home.claude(A, 5);
    home.codex(B, 1);
    home.writeMap({ 'claude-cli': { a: A }, 'codex-cli': { b: B }, 'devstral-small': { c: 'x' } });
    const { assessment, told, chats } = await assessed(home);
    expect(told).toEqual([]);
    expect(chats).toEqual([
      ['a', 'idle', null],
      ['b', 'active', 'active'],
      ['c', 'unrecognized', 'doubt'],
    ]);
    expect(assessment).toMatchObject({ bridge: undefined, lastRun: undefined, writtenBack: [] });
    expect(assessment.mapped.sections.map(({ provider }) => provider)).toEqual([
      ...['claude-cli', 'codex-cli', 'devstral-small'],
    ]);
  });

  it('that is not there has nothing mapped', async () => {
    const { assessment, told } = await assessed(new Home());
    expect(told).toEqual([]);
    expect(assessment).toMatchObject({ decisions: [], mapped: { file: undefined, sections: [] } });
  });

  it('with other things beside its sections is cleaned without them, and they are told', async () => {
    const home = new Home();
    const key = 'x'.repeat(90);
    home.writeMap({ 'claude-cli': {}, [key]: 5 });
    const [told] = (await assessed(home)).told;
    expect(told).toContain(`warning: ${home.mapPath}: "${'x'.repeat(80)}": stands beside`);
  });

  it('with values that are no session ids has them told and kept', async () => {
    const home = new Home();
    home.writeMap({ 'claude-cli': { a: '*', [`${'b'.repeat(90)}`]: { shape: 'y'.repeat(90) } } });
    const { told, chats } = await assessed(home);
    expect(told).toEqual([
      'warning: claude-cli/a: "*": is no session id that the CLI could have given; kept; null',
      `warning: claude-cli/${'b'.repeat(80)}: {"shape":"${'y'.repeat(70)}: is no session id that the CLI could have given; kept; null`,
    ]);
    expect(chats.map(([, state]) => state)).toEqual(['unrecognized', 'unrecognized']);
  });
});

describe('what the user asked for', () => {
  it('is handed on: thresholds, rules, what is missing', async () => {
    const home = new Home();
    for (const session of [A, B, C]) home.claude(session, 5);
    home.writeMap({ 'claude-cli': { slow: A, ops: B, other: C } });
    const { chats } = await assessed(home, {
      thresholdMsOf: ({ chat }) => (chat === 'slow' ? 9 : 2) * HOUR_MS,
      isKept: ({ chat }) => chat === 'ops',
    });
    expect(chats.map(([, , keptBecause]) => keptBecause)).toEqual(['active', 'rule', null]);
  });

  it('of a mapping without a transcript takes into account since when it has none', async () => {
    const home = new Home();
    home.claude(A, 1);
    home.writeMap({ 'claude-cli': { a: A, gone: B, new: C } });
    const record = {
      ...{ version: 1, sessionDir: '', thresholdHours: 2, roots: {}, bridgeUrl: null },
      ...{ onChange: null, at: '', endedAt: new Date().toISOString(), exitStatus: 0, error: null },
      ...{ removed: 0, weaker: null, clock: { boot: '', upMs: 0 }, user: '', home: null },
      program: { path: '', version: '', node: '', nodePath: '' },
      counters: { runs: 1, removed: 0, failed: 0 },
      missing: {
        '["claude-cli","gone"]': { session: B, since: new Date(Date.now() - 3 * HOUR_MS) },
        '["claude-cli","new"]': { session: C, since: new Date(Date.now() - HOUR_MS) },
      },
    };
    home.file('bridge/session_map.last-run.json', 0, JSON.stringify(record));
    const { assessment, chats } = await assessed(home, { missing: 'remove' });
    expect(chats.map(([, , keptBecause]) => keptBecause)).toEqual(['active', null, 'missing']);
    expect(assessment.lastRun?.endedAt).toBe(record.endedAt);
  });
});

describe('what can not be looked at', () => {
  function homeWithLoopAt(path: string): { home: Home; full: string } {
    const home = new Home();
    home.claude(A, 5);
    home.claude(B, 5);
    home.writeMap({ 'claude-cli': { a: A, b: B } });
    const full = join(home.dir, path);
    mkdirSync(join(full, '..'), { recursive: true });
    symlinkSync(full, full);
    return { home, full };
  }

  it('keeps what depends on it, and is a problem that is told once', async () => {
    const { home, full } = homeWithLoopAt('.claude/projects/-loop');
    const { assessment, told, chats } = await assessed(home);
    expect(chats.map(([, state]) => state)).toEqual(['unreadable', 'unreadable']);
    expect(told).toEqual([
      expect.stringMatching(/^problem: .*-loop: can't be read: .*; the mappings .* kept; \w/),
    ]);
    expect(told[0]).toContain(full);
    const later = new Problems();
    reportUnreadable(assessment.decisions, assessment.activity, later);
    expect(later.all).toHaveLength(1);
  });

  it('is not told where nothing depends on it', async () => {
    const { home } = homeWithLoopAt('.claude/projects/-loop');
    for (const session of [A, B]) home.claude(session, 1);
    expect((await assessed(home)).told).toEqual([]);
  });

  it('of the processes is told where they keep a mapping', async () => {
    const { home, full } = homeWithLoopAt('.claude/sessions');
    expect((await assessed(home)).told).toEqual([
      `warning: ${full}: can't be read: too many symbolic links; whether sessions run right now is not known, and --keep-running keeps them; null`,
    ]);
    expect((await assessed(home, { keepRunning: false })).told).toEqual([]);
  });
});

describe('a picture like that of a wrong home', () => {
  const told = async (home: Home, missing: AssessOptions['missing']): Promise<string> => {
    const lines = (await assessed(home, { missing })).told;
    expect(lines.length).toBeLessThan(2);
    return lines.join('');
  };

  it('is a warning, and a problem where it keeps a mapping: none has a transcript', async () => {
    const home = new Home();
    home.codex(C, 1);
    home.writeMap({ 'claude-cli': { a: A, b: B, c: B }, 'codex-cli': { d: C } });
    const root = join(home.dir, '.claude');
    expect(await told(home, 'keep')).toMatch(
      /^warning: Claude Code: none of its mapped sessions \(2\) has .*wrong HOME; '.* doctor' tells/,
    );
    const { username } = userInfo();
    expect(await told(home, 'keep')).toContain(` in ${root}, looked at as ${username}: `);
    expect(await told(home, 'remove')).toMatch(/^problem: Claude .*HOME\. 3 mappings of it stayed/);
  });

  it('counts what it keeps of its own CLI', async () => {
    const home = new Home();
    home.writeMap({ 'claude-cli': { a: A, b: B }, 'codex-cli': { c: C, d: D, e: E } });
    expect((await assessed(home, { missing: 'remove' })).told).toEqual([
      expect.stringMatching(/^problem: Claude Code: .* 2 mappings of it stayed/),
      expect.stringMatching(/^problem: Codex CLI: .* 3 mappings of it stayed/),
    ]);
  });

  it('is ordinary of a single session where others have transcripts', async () => {
    const home = new Home();
    home.claude(C, 5);
    home.writeMap({ 'claude-cli': { a: A, b: A } });
    expect(await told(home, 'keep')).toBe('');
    expect(await told(home, 'remove')).toMatch(/^warning: .* sessions \(1\) .* 2 mappings of it/);
  });

  it('is not ordinary of a single session where nobody has one, or of two', async () => {
    const home = new Home();
    home.writeMap({ 'claude-cli': { a: A } });
    expect(await told(home, 'keep')).toMatch(/^warning: Claude Code: none .* \(1\)/);
    home.claude(C, 5);
    home.writeMap({ 'claude-cli': { a: A, b: B } });
    expect(await told(home, 'remove')).toMatch(/^problem: Claude Code: none .* \(2\)/);
  });

  it('is a problem where it keeps idle ones: the newest have none', async () => {
    const home = new Home();
    home.claude(A, 1);
    home.writeMap({ 'claude-cli': { a: A, b: B, c: C, d: D } });
    expect(await told(home, 'keep')).toMatch(
      /^warning: Claude Code: its 3 newest mapped sessions have no transcript in .*old copy of it\);/,
    );
    home.claude(A, 5);
    expect(await told(home, 'keep')).toMatch(/^problem: .*\. 1 mapping of it stayed for that; /);
  });

  it('is ordinary of the newest of Gemini, which deletes them', async () => {
    const home = new Home();
    home.gemini(A, 5);
    home.writeMap({ 'gemini-cli': { a: A, b: B, c: C, d: D } });
    expect(await told(home, 'keep')).toBe('');
    expect(await told(home, 'remove')).toMatch(/^warning: Gemini CLI: .* 3 mappings of it stayed/);
  });
});

describe('the journal', () => {
  function homeAfterARemoval(): Home {
    const home = new Home();
    home.claude(A, 5);
    home.writeMap({ 'claude-cli': { a: A } });
    const at = new Date().toISOString();
    const entry = { run: '1', at, provider: 'claude-cli', chat: 'a', session: A };
    const lines = [
      { op: 'remove', ...entry, raw: `"${A}"`, lastActivity: Date.now() },
      { op: 'done', run: '1', at, kept: [], unsure: [], collisions: 0 },
    ].map((line) => `${JSON.stringify(line)}\n`);
    home.file('bridge/session_map.removed.jsonl', 0, lines.join(''));
    return home;
  }

  it('tells what was written back', async () => {
    const { assessment, told } = await assessed(homeAfterARemoval());
    expect(assessment.writtenBack).toEqual(assessment.decisions);
    expect(told).toEqual([expect.stringMatching(/^warning: written back: .*--bridge-url/)]);
  });

  it('has its damage told', async () => {
    const home = homeAfterARemoval();
    home.file('bridge/session_map.removed.jsonl', 0, '{\n');
    expect((await assessed(home)).told).toEqual([
      expect.stringMatching(
        /^warning: : .*session_map\.removed\.jsonl: skipped 1 unreadable line;/,
      ),
    ]);
  });
});

describe('a bridge', () => {
  it('that runs has the say, and the file what it does not know', async () => {
    const home = new Home();
    for (const session of [A, B, C]) home.claude(session, 5);
    home.writeMap({ 'claude-cli': { a: A, b: B } });
    const bridgeUrl = await bridgeWith({ 'claude-cli': { b: E, c: C } });
    const { assessment, told, chats } = await assessed(home, { bridgeUrl });
    expect(told).toEqual([]);
    expect(chats.map(([chat]) => chat)).toEqual(['a', 'b', 'c']);
    expect(assessment.decisions[1]?.mapping.session).toBe(E);
    expect(assessment.bridge?.address).toBe(bridgeUrl.href);
  });

  it('that does not listen leaves the say to the file', async () => {
    const home = new Home();
    home.claude(A, 5);
    home.writeMap({ 'claude-cli': { a: A } });
    const bridgeUrl = new URL('http://127.0.0.1:9');
    const { told, chats } = await assessed(home, { bridgeUrl });
    expect(told).toEqual([
      'warning: : no bridge listens at http://127.0.0.1:9/: what the file says counts; null',
    ]);
    expect(chats).toEqual([['a', 'idle', null]]);
  });

  it('with mappings and no file here is another one, or the directory is', async () => {
    const home = new Home();
    const bridgeUrl = await bridgeWith({ 'claude-cli': { a: A } });
    home.claude(A, 5);
    const [told] = (await assessed(home, { bridgeUrl })).told;
    expect(told).toMatch(/^problem: : .*: no such file, but the bridge at http.* has mappings; /);
    expect(told).toContain('is --session-dir the directory of this bridge?');
    expect((await assessed(home, { bridgeUrl: await bridgeWith({}) })).told).toEqual([]);
  });
});
