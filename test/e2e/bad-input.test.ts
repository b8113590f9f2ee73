import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Home, states, uuid, uuid7 } from '../support/home.js';
import { installedNode, installedProgram } from '../support/program.js';
import { describeWith } from '../support/requirements.js';
import { shownOnTerminal } from '../support/terminal.js';

const NOBODY = 65534;
const isRoot = process.geteuid?.() === 0;

function idleHome(): Home {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.writeMap({ 'claude-cli': { a: uuid(1) } });
  return home;
}

describe('a map that is no session map', () => {
  it.each([
    ['not JSON', 'hello', /not valid JSON/],
    ['empty', '', /is empty/],
    ['white space only', ' \n', /is empty/],
    ['half-written', '{"claude-cli": {"a": "0856', /not valid JSON \(it ends too early\)/],
    ['an array', '[]', /holds an array/],
    ['a number', '7', /holds a number/],
    ['null', 'null', /holds .*null/],
    ['a string', '"x"', /holds a string/],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), /not UTF-8/],
    ['nested without end', '['.repeat(200_000), /not valid JSON|nested too deeply/],
  ])('%s: is named, left untouched, exit 1', async (_name, content, message) => {
    const home = idleHome();
    writeFileSync(home.mapPath, content);
    const { status, stdout, stderr } = await home.run();
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).toContain(home.mapPath);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(readFileSync(home.mapPath)).toEqual(Buffer.from(content));
    expect(home.beside).toEqual(['session_map.json', 'session_map.last-run.json']);
  });

  it('is told in JSON, too, with --json', async () => {
    const home = idleHome();
    writeFileSync(home.mapPath, '[]');
    const { status, stdout } = await home.run(['--json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      command: 'clean',
      error: expect.stringContaining(home.mapPath),
    });
  });

  it('is read again while it is half-written, until it is whole', async () => {
    const home = idleHome();
    const whole = home.mapText;
    writeFileSync(home.mapPath, whole.slice(0, 20));
    const running = home.run();
    await sleep(400);
    writeFileSync(home.mapPath, whole);
    expect(await running).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': {} });
  });

  it('is refused when it is a directory', async () => {
    const home = new Home();
    mkdirSync(home.mapPath);
    const { status, stderr } = await home.run();
    expect(status).toBe(1);
    expect(stderr).toContain(`${home.mapPath}: is not a regular file; left untouched`);
  });

  it.runIf(isRoot)('is refused when it may not be read', async () => {
    const home = idleHome();
    home.openToAll();
    chmodSync(home.mapPath, 0o600);
    const { status, stderr } = await home.run(['-n'], { user: NOBODY });
    expect(status).toBe(1);
    expect(stderr).toMatch(/can't be read: permission denied/);
  });

  it('works when it has 100 MB', { timeout: 120_000 }, async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    const filler = 'x'.repeat(1000);
    const entries = Array.from({ length: 96_000 }, (_, n) => `"chat-${n}":"${filler}${n}"`);
    home.writeMap(`{"claude-cli":{"a":"${uuid(1)}"},"other":{${entries.join(',')}}}`);
    expect(home.mapText.length).toBeGreaterThan(97_000_000);
    const { status, stderr } = await home.run(['-q']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(home.mapText.slice(0, 40)).toBe('{"claude-cli":{},"other":{"chat-0":"xxxx');
  });
});

describe('a missing map', () => {
  it.each([
    ['an empty directory', (home: Home) => home.sessionDir],
    ['no directory', (home: Home) => join(home.dir, 'nowhere')],
  ])('in %s is said in one line, exit 0', async (_name, where) => {
    const home = new Home();
    const dir = where(home);
    const { status, stdout, stderr } = await home.run(['-d', dir]);
    expect(stdout).toBe(`No session map at ${dir}/session_map.json yet: nothing to clean\n`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(home.beside).toEqual([]);
  });

  it('is nothing to say with -q', async () => {
    const finished = await new Home().run(['-q']);
    expect(finished).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it('is an empty report with --json', async () => {
    const home = new Home();
    const report = await home.runJson();
    expect(report).toMatchObject({ sessions: [], summary: { checked: 0, removed: 0 } });
  });

  it('is refused when --session-dir is a file', async () => {
    const home = new Home();
    const { status, stderr } = await home.run(['-d', home.file('a-file', 0)]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/not a directory/);
  });
});

describe('wrong usage', () => {
  it.each([
    ...['0', '-1', 'abc', '', 'Infinity', '1e999', 'NaN', '0x10', '2h', ' '].map((hours) => [
      '--hours',
      hours,
    ]),
    ['--session-dir', ''],
    ['--missing', 'maybe'],
    ['--max-remove', '-1'],
    ['--max-remove', '101%'],
    ['--bridge-url', 'localhost:8000'],
    ['--bridge-url', 'ftp://localhost'],
    ['--bridge-url', 'http://u:p@localhost'],
    ['--on-change', ''],
    ['--quiet', '--verbose'],
  ])('%s %j exits 2 and does nothing', async (...args) => {
    const home = idleHome();
    const text = home.mapText;
    const { status, stdout, stderr } = await home.run(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(args[0]);
    expect(home.mapText).toBe(text);
  });

  it.each([
    ['IDLE_THRESHOLD_HOURS', 'abc'],
    ['DRY_RUN', 'perhaps'],
    ['CLAUDE_BRIDGE_URL', 'nonsense'],
    ['JOURNAL_DAYS', '0'],
  ])('in the environment (%s=%s) exits 2 and names the variable', async (name, value) => {
    const home = idleHome();
    const text = home.mapText;
    const { status, stderr } = await home.run([], { env: { [name]: value } });
    expect(status).toBe(2);
    expect(stderr).toContain(name);
    expect(home.mapText).toBe(text);
  });
});

describe('a path that no shell has expanded', () => {
  it.each([
    ['CLAUDE_SESSION_DIR', '~/bridge', 'write the home directory itself'],
    ['CLAUDE_CONFIG_DIR', '"/home/alice/.claude"', 'Take the quotes away'],
    ['GEMINI_CLI_HOME', '/home/alice\r', 'Take the blank, the tab or the carriage return'],
    ['HOME', '$HOME', 'write the path itself'],
  ])('in %s=%j is refused in one line, by doctor as well', async (name, value, said) => {
    const home = idleHome();
    const text = home.mapText;
    for (const args of [[], ['doctor'], ['list']]) {
      const { status, stdout, stderr } = await home.run(args, { env: { [name]: value } });
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(/^[^\n]*\n$/);
      expect(stderr).toContain(`environment variable ${name}: `);
      expect(stderr).toContain(said);
    }
    expect(home.mapText).toBe(text);
  });

  it('is as little one that is no UTF-8 text, in a variable or as the working directory', () => {
    const home = idleHome();
    const script = `d="$HOME/s$(printf '\\344')ss"; mkdir -m 700 "$d"; echo '{}' >"$d/session_map.json"
      CLAUDE_SESSION_DIR="$d" "$0" "$1" doctor; echo "status $?" >&2
      cd "$d"; "$0" "$1" --session-dir .; echo "status $?" >&2`;
    const { stdout, stderr } = spawnSync(
      'sh',
      ['-c', script, installedNode(), installedProgram()],
      {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], HOME: home.dir },
      },
    );
    expect(stdout).toBe('');
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/CLAUDE_SESSION_DIR.* whose path is UTF-8 text: rename it/),
      'status 2',
      expect.stringMatching(/--session-dir.* whose path is UTF-8 text: rename it/),
      'status 2',
      '',
    ]);
  });
});

describe('the environment', () => {
  it('gives the threshold, which a flag overrules', async () => {
    const home = new Home();
    home.claude(uuid(1), 3);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const env = { IDLE_THRESHOLD_HOURS: '4' };
    expect(states(await home.runJson(['-n'], { env }))).toEqual({ a: 'active' });
    expect(states(await home.runJson(['-n', '-H', '2.5'], { env }))).toEqual({ a: 'idle' });
    expect(states(await home.runJson(['-n'], { env: { IDLE_THRESHOLD_HOURS: '' } }))).toEqual({
      a: 'idle',
    });
  });

  it('may have a variable that is set to nothing: as good as unset', async () => {
    const home = idleHome();
    const env = { FORCE_COLOR: '', NO_COLOR: '1', CLEANUP_METRICS: '', DRY_RUN: '' };
    const { status, stdout } = await home.run([], { env });
    expect(status).toBe(0);
    expect(stdout).not.toContain('\u001b');
    expect(home.map).toEqual({ 'claude-cli': {} });
  });

  it('names the metrics file, which a flag overrules', async () => {
    const home = idleHome();
    const at = (name: string) => join(home.dir, name);
    const env = { CLEANUP_METRICS: at('a.prom') };
    expect(await home.run([], { env })).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(at('a.prom'), 'utf8')).toMatch(/^claude_session_cleanup_/m);
    await home.run(['--metrics', at('b.prom')], { env: { CLEANUP_METRICS: at('c.prom') } });
    expect([existsSync(at('b.prom')), existsSync(at('c.prom'))]).toEqual([true, false]);
  });

  it('may lack HOME: the password database knows, or the roots are given', async () => {
    const home = idleHome();
    const flags = ['claude', 'gemini', 'codex'].flatMap((cli) => [
      `--${cli}-dir`,
      join(home.dir, `.${cli}`),
    ]);
    const { status } = await home.run(['-n', ...flags], { env: { HOME: undefined } });
    expect(status).toBe(0);
  });

  it.runIf(isRoot)('without HOME for a user of no entry is a clear error', async () => {
    const home = idleHome();
    home.openToAll();
    chmodSync(home.mapPath, 0o644);
    const { status, stderr } = await home.run(['-n'], { env: { HOME: undefined }, user: 54321 });
    expect(status).toBe(1);
    expect(stderr).toMatch(/no home directory: set HOME/);
  });
});

describe.runIf(isRoot)('what may not be read', () => {
  function othersHome(): Home {
    const home = new Home();
    home.openToAll();
    home.claude(uuid(1), 5, '-open');
    home.claude(uuid(2), 5, '-closed');
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
    return home;
  }

  it('a project directory: every mapping that depends on it is kept, said, exit 1', async () => {
    const home = othersHome();
    chmodSync(join(home.dir, '.claude/projects/-closed'), 0o000);
    const { status, stdout, stderr } = await home.run(['-n', '--json'], { user: NOBODY });
    expect(status).toBe(1);
    expect(stderr).toContain(`${join(home.dir, '.claude/projects/-closed')}: can't be read`);
    expect(states(JSON.parse(stdout))).toEqual({ a: 'unreadable', b: 'unreadable' });
  });

  it('a transcript: its mapping is kept, said, exit 1', async () => {
    const home = othersHome();
    const file = join(home.dir, `.claude/projects/-closed/${uuid(2)}.jsonl`);
    chmodSync(file, 0o000);
    const { status, stdout, stderr } = await home.run(['-n', '--json'], { user: NOBODY });
    expect(status).toBe(1);
    expect(stderr).toContain(`${file}: can't be read: permission denied`);
    expect(states(JSON.parse(stdout))).toEqual({ a: 'idle', b: 'unreadable' });
  });

  it('does not hide activity that was seen elsewhere', async () => {
    const home = othersHome();
    home.claude(uuid(1), 0.1, '-open');
    chmodSync(join(home.dir, '.claude/projects/-closed'), 0o000);
    const report = await home.runJson(['-n'], { user: NOBODY });
    expect(states(report)).toEqual({ a: 'active', b: 'unreadable' });
  });

  // Each with a transcript of old, and a link to where a fresh one lies that can't be reached.
  it.each([
    ['.claude/projects/-linked', 'claude-cli', uuid(1)],
    [`.claude/projects/-open/${uuid(1)}`, 'claude-cli', uuid(1)],
    [`.claude/projects/-linked/${uuid(1)}.jsonl`, 'claude-cli', uuid(1)],
    ['.gemini/tmp/linked', 'gemini-cli', uuid(3)],
    ['.codex/sessions', 'codex-cli', uuid(4)],
  ])('a link, %s: what depends on it is kept, said, exit 1', async (place, section, session) => {
    const home = othersHome();
    home.gemini(uuid(3), 5);
    home.file(`.codex/archived_sessions/rollout-2026-11-20T10-15-00-${uuid(4)}.jsonl`, 5);
    home.file('secret/inside/x.jsonl', 0.1);
    chmodSync(join(home.dir, 'secret'), 0o700);
    const link = join(home.dir, place);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(home.dir, 'secret/inside'), link);
    home.writeMap({ [section]: { a: session } });
    const { status, stdout, stderr } = await home.run(['-n', '--json', '--missing', 'remove'], {
      user: NOBODY,
    });
    expect(status).toBe(1);
    expect(stderr).toContain(`${link}: can't be read: permission denied`);
    expect(states(JSON.parse(stdout))).toEqual({ a: 'unreadable' });
  });

  it('the whole root: nothing goes, not even with --missing remove', async () => {
    const home = othersHome();
    chmodSync(join(home.dir, '.claude'), 0o000);
    const report = await home.runJson(['-n', '--missing', 'remove'], { user: NOBODY });
    expect(report.summary).toMatchObject({ wouldRemove: 0, unreadable: 2 });
  });
});

describe('a link that leads nowhere', () => {
  it("in a directory's place (a disk that is not mounted): kept, said, exit 1", async () => {
    const home = idleHome();
    const link = join(home.dir, '.claude/projects/-elsewhere');
    symlinkSync(join(home.dir, 'not-mounted'), link);
    const text = home.mapText;
    const { status, stderr } = await home.run();
    expect(status).toBe(1);
    expect(stderr).toContain(`${link}: can't be read: it is a link that leads nowhere`);
    expect(home.mapText).toBe(text);
  });

  it("in a transcript's place: the same, for that session", async () => {
    const home = idleHome();
    const id = uuid7('2026-11-20');
    home.codex(id, 5);
    home.claude(uuid(2), 5);
    mkdirSync(join(home.dir, '.claude/projects/-elsewhere'));
    const nowhere = join(home.dir, 'not-mounted');
    const links = [`.claude/projects/-elsewhere/${uuid(1)}.jsonl`, `.codex/sessions/${id}.jsonl`];
    for (const link of links) symlinkSync(nowhere, join(home.dir, link));
    home.writeMap({ 'claude-cli': { a: uuid(1), c: uuid(2) }, 'codex-cli': { b: id } });
    const { status, stderr } = await home.run(['--missing', 'remove']);
    expect(status).toBe(1);
    for (const link of links) expect(stderr).toContain(`${link}: can't be read: it is a link that`);
    expect(home.map).toEqual({ 'claude-cli': { a: uuid(1) }, 'codex-cli': { b: id } });
  });
});

describeWith({ commands: ['script'] })('a terminal that knows no colours', () => {
  it('gets none for a FORCE_COLOR that is set to nothing', () => {
    const home = idleHome();
    const stdout = shownOnTerminal(home, ['--dry-run'], { FORCE_COLOR: '', TERM: 'dumb' });
    expect(stdout).toContain('Would remove this mapping');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('a reader of the report that is slow', () => {
  it('gets all of it', async () => {
    const home = new Home();
    const chats = Array.from({ length: 5000 }, (_, n) => [`chat-${n}`, uuid(n)]);
    home.writeMap({ 'claude-cli': Object.fromEntries(chats) });
    // A pipe that does not block its writer: one that is full refuses to take more.
    const pipe = join(home.dir, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const writer = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    // Node makes its children's standard streams blocking ones, so that a shell has to put it there.
    const command = `exec ${installedNode()} ${installedProgram()} list --json >&3`;
    const child = spawn('sh', ['-c', command], {
      env: { PATH: process.env['PATH'], HOME: home.dir, CLAUDE_SESSION_DIR: home.sessionDir },
      stdio: ['ignore', 'ignore', 'ignore', writer],
    });
    const ended = once(child, 'close');
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    closeSync(writer);
    const report = await readSlowly(reader);
    expect(await ended).toEqual([0, null]);
    expect(Object.keys(states(JSON.parse(report)))).toHaveLength(chats.length);
  });

  async function readSlowly(file: number): Promise<string> {
    const buffer = Buffer.alloc(32 * 1024);
    let text = '';
    for (;;) {
      await sleep(5);
      try {
        const length = readSync(file, buffer);
        if (length === 0) break;
        text += buffer.toString('latin1', 0, length);
      } catch (error) {
        // Nothing there yet.
        if (!String(error).includes('EAGAIN')) throw error;
      }
    }
    closeSync(file);
    return text;
  }
});
