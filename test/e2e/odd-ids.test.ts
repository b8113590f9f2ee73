import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Home, states, uuid } from '../support/home.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not reach a terminal
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const ODD = [
  '*',
  '**',
  '?',
  '../../etc/passwd',
  '..',
  '.',
  '/etc/passwd',
  '{a,b}',
  '[a-z]',
  '!x',
  '@(a|b)',
  '',
  ' ',
  'x'.repeat(10_000),
  '\u001b[2J\u001b]0;owned\u0007',
  'a\nb\r\nc',
  '__proto__',
  'constructor',
  'toString',
  '\u202etxt.exe',
  '\\',
  '"',
  'a\u0000b',
  '\ud800',
  '🧹',
];

function wellStockedHome(): Home {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.claude('constructor', 5);
  home.gemini(uuid(2), 5);
  home.codex(uuid(3), 5);
  return home;
}

/** A map's text; JSON.stringify of an object would lose `__proto__`. */
function mapOf(provider: string, entries: readonly (readonly [string, string])[]): string {
  const members = entries.map(([chat, id]) => `${JSON.stringify(chat)}: ${JSON.stringify(id)}`);
  return `{${JSON.stringify(provider)}: {${members.join(', ')}}}`;
}

describe('odd session ids', () => {
  it.each(['claude-cli', 'gemini-cli', 'codex-cli'])(
    'of %s match nothing by accident and lose nothing',
    async (provider) => {
      const home = wellStockedHome();
      const odd = ODD.filter((id) => id !== 'constructor');
      const text = home.writeMap(
        mapOf(
          provider,
          odd.map((id, n) => [`chat-${n}`, id]),
        ),
      );
      const { status, stdout, stderr } = await home.run(['--missing', 'remove', '-v']);
      expect(status).not.toBe(2);
      expect(stdout).not.toMatch(CONTROL);
      expect(stderr).not.toMatch(CONTROL);
      expect(stdout).toContain('Cleaned up: 0 mappings');
      expect(home.mapText).toBe(text);
    },
  );

  it('that are plain words are matched literally', async () => {
    const home = wellStockedHome();
    home.writeMap(
      mapOf('claude-cli', [
        ['a', 'constructor'],
        ['b', '__proto__'],
      ]),
    );
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle', b: 'missing' });
  });
});

describe('ids that a bridge has taken from the name of the newest file', () => {
  it("of Claude Code 2.0.55 can be a sub-agent's: its file counts", async () => {
    const home = wellStockedHome();
    const line = `${JSON.stringify({ agentId: '0a1b2c3d', sessionId: uuid(1) })}\n`;
    home.file('.claude/projects/-srv-work/agent-0a1b2c3d.jsonl', 0.1, line);
    home.file('.claude/projects/-srv-work/agent-00000000.jsonl', 5, line);
    home.writeMap(
      mapOf('claude-cli', [
        ['fresh', 'agent-0a1b2c3d'],
        ['old', 'agent-00000000'],
        ['parent', uuid(1)],
        ['gone', 'agent-ffffffff'],
      ]),
    );
    const report = await home.runJson(['-n', '--missing', 'remove']);
    expect(states(report)).toEqual({
      fresh: 'active',
      old: 'idle',
      parent: 'active',
      gone: 'missing',
    });
  });

  it('of Gemini CLI can be the first 8 characters: whose that is can not be told, and it stays', async () => {
    const home = wellStockedHome();
    const [fresh, old] = ['abcdef01-0000-4000-8000-000000000001', uuid(5)];
    home.gemini(fresh, 0.1);
    home.gemini(old, 5);
    const entries = [fresh, old].map((id) => [id, id.slice(0, 8)] as const);
    home.writeMap(mapOf('gemini-cli', [...entries, ['whole', old]]));
    await home.run(['--missing', 'remove']);
    home.letWait(9);
    const report = await home.runJson(['--missing', 'remove']);
    expect(states(report)).toMatchObject({ [fresh]: 'missing', [old]: 'missing' });
    expect(home.map).toEqual({ 'gemini-cli': Object.fromEntries(entries) });
  });
});

describe('odd chat ids', () => {
  it('are handled as text: each idle one goes, each active one stays', async () => {
    const home = wellStockedHome();
    home.claude(uuid(9), 0.1);
    home.writeMap(
      mapOf(
        'claude-cli',
        ODD.map((chat) => [chat, uuid(1)]),
      ),
    );
    const { status, stdout, stderr } = await home.run(['-v']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toMatch(CONTROL);
    expect(home.mapText).toBe('{"claude-cli": {}}');

    const active = home.writeMap(
      mapOf(
        'claude-cli',
        ODD.map((chat) => [chat, uuid(9)]),
      ),
    );
    await home.run();
    expect(home.mapText).toBe(active);
  });

  it('can be restored', async () => {
    const home = wellStockedHome();
    const text = home.writeMap(
      mapOf(
        'claude-cli',
        ODD.map((chat) => [chat, uuid(1)]),
      ),
    );
    await home.run();
    await home.run(['restore', '--all']);
    const sorted = (map: string) => Object.entries(JSON.parse(map)['claude-cli']).sort();
    expect(sorted(home.mapText)).toEqual(sorted(text));
  });
});

describe('odd provider names', () => {
  it.each(['__proto__', 'constructor', '*', 'claudette', '\u001b[2J', '', 'CLAUDE-cli'])(
    '%j is no CLI that is known: kept and said',
    async (provider) => {
      const home = wellStockedHome();
      const text = home.writeMap(mapOf(provider, [['a', uuid(1)]]));
      const { status, stdout, stderr } = await home.run();
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('Unrecognized sessions (kept): 1');
      expect(stdout).not.toMatch(CONTROL);
      expect(home.mapText).toBe(text);
    },
  );

  it.each(['claude', 'claude-cli', 'claude-opus-4'])('%s belongs to Claude', async (provider) => {
    const home = wellStockedHome();
    home.writeMap(mapOf(provider, [['a', uuid(1)]]));
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle' });
  });
});

describe('whatever strings a map holds', () => {
  it('no control character is shown, and what has no transcript stays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), {
          maxLength: 5,
        }),
        async (entries) => {
          const home = wellStockedHome();
          const text = home.writeMap(mapOf('claude-cli', entries));
          const { stdout, stderr } = await home.run(['-v']);
          expect(stdout).not.toMatch(CONTROL);
          expect(stderr).not.toMatch(CONTROL);
          expect(home.mapText).toBe(text);
        },
      ),
      { numRuns: 25 },
    );
  });
});
