import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { age, Home, states, uuid, uuid7 } from '../support/home.js';

describe("Claude Code's layout", () => {
  it('finds a session in whatever project folder it lies', async () => {
    const home = new Home();
    home.claude(uuid(1), 5, '-srv-one');
    home.claude(uuid(2), 0.5, '-srv-two--dot-name');
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle', b: 'active' });
  });

  it('takes the newest of all files of a session', async () => {
    const home = new Home();
    home.claude(uuid(1), 50, '-srv-one');
    home.claude(uuid(1), 0.5, '-srv-two');
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'active' });
  });

  it("counts a sub-agent's file below the session's folder as activity", async () => {
    const home = new Home();
    home.claude(uuid(1), 9);
    home.file(`.claude/projects/-srv-work/${uuid(1)}/subagents/agent-0a1b2c3d.jsonl`, 0.2);
    home.claude(uuid(2), 9);
    home.file(`.claude/projects/-srv-work/${uuid(2)}/tool-results/deep/er/x.txt`, 0.2);
    home.claude(uuid(3), 9);
    home.file(`.claude/projects/-srv-work/${uuid(3)}/subagents/agent-0a1b2c3d.jsonl`, 8);
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2), c: uuid(3) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'active', b: 'active', c: 'idle' });
  });

  it("counts a sub-agent's file beside the transcript, by the sessionId inside (2.0.55)", async () => {
    const home = new Home();
    home.claude(uuid(1), 9);
    home.claude(uuid(2), 9);
    const line = `${JSON.stringify({ isSidechain: true, agentId: '0a1b2c3d', sessionId: uuid(1) })}\n`;
    home.file('.claude/projects/-srv-work/agent-0a1b2c3d.jsonl', 0.2, line);
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'active', b: 'idle' });
  });

  it('is not misled by an empty stray file of the same name', async () => {
    const home = new Home();
    home.claude(uuid(1), 0.5);
    home.file(`.claude/projects/-elsewhere/${uuid(1)}.jsonl`, 70, '');
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'active' });
  });

  it('follows a project folder that is a link', async () => {
    const home = new Home();
    const real = home.file(`elsewhere/${uuid(1)}.jsonl`, 5);
    mkdirSync(join(home.dir, '.claude/projects'), { recursive: true });
    symlinkSync(join(real, '..'), join(home.dir, '.claude/projects/-linked'));
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle' });
  });
});

describe("Gemini CLI's layout", () => {
  it('tells sessions with the same first 8 characters apart by the sessionId inside', async () => {
    const home = new Home();
    const one = `abcdef01-0000-4000-8000-000000000001`;
    const two = `abcdef01-0000-4000-8000-000000000002`;
    home.gemini(one, 9, '2026-11-20T10-15');
    home.gemini(two, 0.5, '2026-11-20T10-16');
    home.writeMap({ 'gemini-cli': { a: one, b: two } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle', b: 'active' });
  });

  it('takes the newest of the files that resumes have written', async () => {
    const home = new Home();
    home.gemini(uuid(1), 30, '2026-11-20T10-15');
    home.gemini(uuid(1), 0.5, '2026-11-21T11-25');
    home.writeMap({ 'gemini-cli': { a: uuid(1) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'active' });
  });

  it('reads the .json files of versions before 0.40, and whole ids in names', async () => {
    const home = new Home();
    const chats = '.gemini/tmp/5f1d/chats';
    const json = JSON.stringify(
      { sessionId: uuid(1), messages: [{ sessionId: uuid(9) }] },
      null,
      2,
    );
    home.file(`${chats}/session-2026-11-20T10-15-${uuid(1).slice(0, 8)}.json`, 5, json);
    home.file(`${chats}/session-${uuid(2)}.json`, 5, '{}');
    home.writeMap({ 'gemini-cli': { a: uuid(1), b: uuid(2) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle', b: 'idle' });
  });

  it("counts a sub-agent's file below the whole parent id", async () => {
    const home = new Home();
    for (const number of [1, 2]) home.gemini(uuid(number), 9);
    home.file(`.gemini/tmp/work/chats/${uuid(1)}/agent.jsonl`, 0.5);
    home.file(`.gemini/tmp/work/chats/${uuid(2)}/agent.jsonl`, 8);
    home.writeMap({ 'gemini-cli': { a: uuid(1), b: uuid(2) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'active', b: 'idle' });
  });

  it('counts a file that is still empty: it is being written', async () => {
    const home = new Home();
    for (const number of [1, 2]) home.gemini(uuid(number), 9);
    const chats = '.gemini/tmp/work/chats';
    home.file(`${chats}/session-2026-11-21T11-25-${uuid(1).slice(0, 8)}.jsonl`, 0.1, '');
    home.file(`${chats}/session-2026-11-21T11-25-${uuid(2).slice(0, 8)}.jsonl`, 8, '');
    home.writeMap({ 'gemini-cli': { a: uuid(1), b: uuid(2) } });
    const { status, stdout } = await home.run(['-n', '--json']);
    expect(status).toBe(0);
    expect(states(JSON.parse(stdout))).toEqual({ a: 'active', b: 'idle' });
  });

  it('takes a file that is empty for no proof: whose it is can not be told', async () => {
    const home = new Home();
    home.gemini(uuid(1), 0.1);
    const name = `session-2026-11-21T11-25-${uuid(2).slice(0, 8)}.jsonl`;
    const empty = home.file(`.gemini/tmp/work/chats/${name}`, 8, '');
    home.writeMap({ 'gemini-cli': { a: uuid(1), b: uuid(2) } });
    const { status, stdout, stderr } = await home.run(['--json']);
    expect(status).toBe(1);
    expect(stderr).toContain(`${empty}: can't be told whose it is`);
    expect(states(JSON.parse(stdout))).toEqual({ a: 'active', b: 'unreadable' });
    expect(home.map).toEqual({ 'gemini-cli': { a: uuid(1), b: uuid(2) } });
  });

  it('finds the sessionId behind a first line that begins at length', async () => {
    const home = new Home();
    const long = JSON.stringify({ summary: 'x'.repeat(10_000), sessionId: uuid(1) });
    const name = `session-2026-11-21T11-25-${uuid(1).slice(0, 8)}.jsonl`;
    home.file(`.gemini/tmp/work/chats/${name}`, 5, `${long}\n`);
    home.writeMap({ 'gemini-cli': { a: uuid(1) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle' });
  });

  it('takes no heed of what is no transcript', async () => {
    const home = new Home();
    home.gemini(uuid(1), 9);
    const name = `.gemini/tmp/work/chats/session-2026-11-20T10-15-${uuid(1).slice(0, 8)}.jsonl`;
    home.file(`${name}.unreadable-1`, 0.1);
    home.file(`${name}.tmp-abc`, 0.1);
    home.file('.gemini/tmp/work/logs.json', 0.1);
    home.writeMap({ 'gemini-cli': { a: uuid(1) } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle' });
  });

  it('keeps all sessions that a file without a sessionId could be of, and says so', async () => {
    const home = new Home();
    home.gemini(uuid(1), 9);
    const name = `session-2026-11-20T10-16-${uuid(1).slice(0, 8)}.jsonl`;
    home.file(`.gemini/tmp/work/chats/${name}`, 9, '{"noise": 1}\n');
    const text = home.writeMap({ 'gemini-cli': { a: uuid(1) } });
    const { status, stderr } = await home.run();
    expect(status).toBe(1);
    expect(stderr).toContain(`${name}: can't be told whose it is: it has no sessionId`);
    expect(stderr).not.toMatch(/permission|Run as/);
    expect(home.mapText).toBe(text);
  });
});

describe("Codex CLI's layout", () => {
  it('finds rollouts in date folders, archived ones, compressed ones and flat ones', async () => {
    const home = new Home();
    const [dated, archived, zipped, flat] = [1, 2, 3, 4].map((n) => uuid7('2026-11-20', n));
    home.codex(dated ?? '', 5);
    const name = (id: string | undefined) => `rollout-2026-11-20T12-00-00-${id}.jsonl`;
    home.file(`.codex/archived_sessions/${name(archived)}`, 5);
    home.file(`.codex/sessions/2026/11/20/${name(zipped)}.zst`, 5);
    home.file(`.codex/sessions/${flat}.jsonl`, 5);
    home.writeMap({ 'codex-cli': { dated, archived, zipped, flat } });
    expect(states(await home.runJson(['-n']))).toEqual({
      dated: 'idle',
      archived: 'idle',
      zipped: 'idle',
      flat: 'idle',
    });
    const { stdout } = await home.run(['list', '-v']);
    const resumable = [dated, zipped, flat].map((id) => `codex resume ${id}`);
    expect(stdout.match(/codex resume .*/g)).toEqual(resumable);
  });

  it('takes the time of the file, however old its folder is', async () => {
    const home = new Home();
    const id = uuid7('2024-02-03');
    home.codex(id, 0.5, '2024/02/03');
    home.writeMap({ 'codex-cli': { a: id } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'active' });
  });

  it('finds ids of no known age (UUIDv4, Codex 0.20) in any folder', async () => {
    const home = new Home();
    home.codex(uuid(1), 5, '2023/01/02');
    home.codex(uuid7('2026-11-20'), 0.1);
    home.writeMap({ 'codex-cli': { a: uuid(1), b: uuid7('2026-11-20') } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle', b: 'active' });
  });

  it('finds a session whose local date differs from the date of its id', async () => {
    const home = new Home();
    const id = uuid7('2026-01-01');
    home.codex(id, 5, '2025/12/31');
    home.writeMap({ 'codex-cli': { a: id } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle' });
  });

  it("takes no heed of Codex's own temp files", async () => {
    const home = new Home();
    const id = uuid7('2026-11-20');
    home.codex(id, 5);
    home.file(`.codex/sessions/2026/11/20/rollout-compress-${id}.jsonl`, 0.1);
    home.file(`.codex/sessions/2026/11/20/rollout-materialize-${id}.jsonl`, 0.1);
    home.writeMap({ 'codex-cli': { a: id } });
    expect(states(await home.runJson(['-n']))).toEqual({ a: 'idle' });
  });
});

describe('where the CLIs keep their files', () => {
  it('is moved by their own variables, and by flags before these', async () => {
    const home = new Home();
    home.file(`moved/claude/projects/-x/${uuid(1)}.jsonl`, 5);
    const inside = JSON.stringify({ sessionId: uuid(2) });
    const gemini = `session-2026-11-20T10-15-${uuid(2).slice(0, 8)}.jsonl`;
    home.file(`moved/g/.gemini/tmp/p/chats/${gemini}`, 5, inside);
    home.file(`moved/codex/sessions/${uuid(3)}.jsonl`, 5);
    home.writeMap({
      'claude-cli': { a: uuid(1) },
      'gemini-cli': { b: uuid(2) },
      'codex-cli': { c: uuid(3) },
    });
    const at = (path: string) => join(home.dir, 'moved', path);
    const env = {
      CLAUDE_CONFIG_DIR: at('claude'),
      GEMINI_CLI_HOME: at('g'),
      CODEX_HOME: at('codex'),
    };
    const found = { a: 'idle', b: 'idle', c: 'idle' };
    expect(states(await home.runJson(['-n'], { env }))).toEqual(found);

    const flags = ['--claude-dir', at('claude'), '--gemini-dir', at('g/.gemini')];
    flags.push('--codex-dir', at('codex'));
    const wrong = { CLAUDE_CONFIG_DIR: '/x', GEMINI_CLI_HOME: '/x', CODEX_HOME: '/x' };
    expect(states(await home.runJson(['-n', ...flags], { env: wrong }))).toEqual(found);
  });

  it('need not exist', async () => {
    const home = new Home();
    home.writeMap({ 'claude-cli': {}, 'codex-cli': {} });
    expect(await home.run()).toMatchObject({ status: 0, stderr: '' });
  });

  it.each(['-a\nb', '-a\u2028b', '-a\\b'])('is searched below a name such as %j', async (slug) => {
    const home = new Home();
    const file = home.claude(uuid(1), 0.1, slug);
    home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const report = await home.runJson(['-n']);
    expect(states(report)).toEqual({ a: 'active' });
    expect(report.sessions[0]?.transcript).toBe(file);
  });

  it('is searched for names that a glob would read otherwise', async () => {
    const home = new Home();
    const root = join(home.dir, 'a {b} [c] (d)*');
    const file = join(root, 'projects/-[x]{y}/', `${uuid(1)}.jsonl`);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, '{}');
    age(file, 5);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const report = await home.runJson(['-n', '--claude-dir', root]);
    expect(states(report)).toEqual({ a: 'idle' });
    expect(report.sessions[0]?.transcript).toBe(file);
  });
});
