import { describe, expect, it } from 'vitest';
import { Home, states, uuid } from '../support/home.js';

function stockedHome(): Home {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.claude(uuid(2), 0.1);
  home.codex(uuid(3), 5);
  return home;
}

describe('the shapes of a map', () => {
  it('by provider, with string values', async () => {
    const home = stockedHome();
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) }, 'codex-cli': { c: uuid(3) } });
    await home.run();
    expect(home.map).toEqual({ 'claude-cli': { b: uuid(2) }, 'codex-cli': {} });
  });

  it('flat, which means claude-cli', async () => {
    const home = stockedHome();
    home.writeMap({ a: uuid(1), b: uuid(2) });
    const report = await home.runJson();
    expect(report.sessions.map(({ provider }) => provider)).toEqual(['claude-cli', 'claude-cli']);
    expect(home.map).toEqual({ b: uuid(2) });
  });

  it('values that are objects, the rest of which is kept', async () => {
    const home = stockedHome();
    home.writeMap({
      'claude-cli': {
        a: { session_id: uuid(1), model: 'opus' },
        b: { sessionId: uuid(2), extra: { deep: [1, 2] } },
      },
    });
    await home.run();
    expect(home.map).toEqual({
      'claude-cli': { b: { sessionId: uuid(2), extra: { deep: [1, 2] } } },
    });
  });

  it('values of an unknown shape are kept and said', async () => {
    const home = stockedHome();
    const values = { n: 7, x: null, l: [uuid(1)], o: { id: uuid(1) }, b: true };
    const text = home.writeMap({ 'claude-cli': { ...values, ok: uuid(2) } });
    const { stdout, stderr, status } = await home.run(['--json', '--missing', 'remove']);
    expect(status).toBe(0);
    expect(states(JSON.parse(stdout))).toEqual({
      n: 'unrecognized',
      x: 'unrecognized',
      l: 'unrecognized',
      o: 'unrecognized',
      b: 'unrecognized',
      ok: 'active',
    });
    expect(stderr.trimEnd().split('\n')).toHaveLength(5);
    expect(home.mapText).toBe(text);
  });

  it('unknown sections and what is no section at all are kept', async () => {
    const home = stockedHome();
    home.writeMap(
      `{"version": 3, "devstral-small-2": {"x": "y"}, "claude-cli": {"a": "${uuid(1)}"}, "list": [1]}`,
    );
    const { status, stderr } = await home.run();
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /"version": stands beside the sections of the map: left as it is, never cleaned/,
    );
    expect(home.mapText).toBe(
      '{"version": 3, "devstral-small-2": {"x": "y"}, "claude-cli": {}, "list": [1]}',
    );
  });

  it('a flat map may have objects as values, whatever their chats are called', async () => {
    const home = stockedHome();
    home.writeMap({
      'claude-web-1': { session_id: uuid(2), model: 'x' },
      'claude-web-2': { session_id: uuid(1), model: 'x' },
      b: uuid(2),
      c: uuid(1),
      d: { foo: 1 },
    });
    await home.run();
    expect(home.map).toEqual({
      'claude-web-1': { session_id: uuid(2), model: 'x' },
      b: uuid(2),
      d: { foo: 1 },
    });
  });

  it('and then not even one of a string is needed', async () => {
    const home = stockedHome();
    home.writeMap({ 'claude-web': { session_id: uuid(1) }, b: { session_id: uuid(2) } });
    await home.run();
    expect(home.map).toEqual({ b: { session_id: uuid(2) } });
  });

  it('what stands beside sections is said to be left out', async () => {
    const home = stockedHome();
    const text = home.writeMap({ b: uuid(1), 'claude-cli': {} });
    const { stderr } = await home.run();
    expect(stderr).toMatch(/"b": stands beside the sections of the map.*never cleaned/);
    expect(home.mapText).toBe(text);
  });

  it('keep every byte of what stays: white space, escapes, order, duplicates, long numbers', async () => {
    const home = stockedHome();
    const kept = `"b\\u00e9" :\t{"session_id":"${uuid(2)}", "n": 12345678901234567890, "e": 1.0e+2}`;
    home.writeMap(
      `\uFEFF{\r\n  "claude-cli": {\r\n    "a": "${uuid(1)}",\r\n    ${kept}\r\n  }\r\n}\r\n`,
    );
    await home.run();
    expect(home.mapText).toBe(`\uFEFF{\r\n  "claude-cli": {\r\n    ${kept}\r\n  }\r\n}\r\n`);
  });

  it('one session mapped by two chats is judged once for both', async () => {
    const home = stockedHome();
    home.writeMap({ 'claude-cli': { a: uuid(1), again: uuid(1), b: uuid(2) } });
    await home.run();
    expect(home.map).toEqual({ 'claude-cli': { b: uuid(2) } });
  });
});

describe("a file of another program in the map's place", () => {
  const FILES = [
    { looks: 'windows', map: { 'bot:@0': { session_id: uuid(1), cwd: '/w', window_name: 'w' } } },
    { looks: 'records', map: { claude: { session_id: uuid(1), cwd: '/w' } } },
    { looks: 'records', map: { ses_abc: { claudeSessionId: uuid(1), lastUsedAt: 1 } } },
    { looks: 'state', map: { version: 1, chats: { k: { claude: uuid(1) } } } },
  ];

  it.each(FILES)(
    'is left as it is, in one line that says $looks, exit 1',
    async ({ looks, map }) => {
      const home = stockedHome();
      const text = home.writeMap(map);
      const { status, stdout, stderr } = await home.run(['--missing', 'remove']);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(
        new RegExp(`^[^\\n]*is no bridge's map of chats[^\\n]*${looks}[^\\n]*\\n$`),
      );
      expect(home.mapText).toBe(text);
    },
  );

  it.each(FILES)('is a problem for doctor, and no map: $looks', async ({ looks, map }) => {
    const home = stockedHome();
    home.writeMap(map);
    const { status, stdout } = await home.run(['doctor', '--json']);
    expect(status).toBe(1);
    const checks: { level: string; subject: string; message: string }[] = JSON.parse(stdout).checks;
    const ofMap = checks.filter(({ subject }) => subject === 'map');
    expect(ofMap).toEqual([expect.objectContaining({ level: 'problem' })]);
    expect(ofMap[0]?.message).toContain(looks);
    expect(checks.filter(({ subject }) => subject === 'mappings')).toEqual([]);
  });
});
