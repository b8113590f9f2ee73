import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Home, states, uuid } from '../support/home.js';

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
    expect(home.beside).toEqual(['session_map.json']);
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
    expect(stderr).toContain(`${home.mapPath}: is a directory`);
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

  it('suggests the option or command that was meant', async () => {
    const home = idleHome();
    expect(await home.run(['--dryrun'])).toMatchObject({
      status: 2,
      stderr: "error: unknown option '--dryrun'\n(Did you mean --dry-run?)\n",
    });
    expect(await home.run(['lits'])).toMatchObject({
      status: 2,
      stderr: "error: unknown command 'lits'\n(Did you mean list?)\n",
    });
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

  it('the whole root: nothing goes, not even with --missing remove', async () => {
    const home = othersHome();
    chmodSync(join(home.dir, '.claude'), 0o000);
    const report = await home.runJson(['-n', '--missing', 'remove'], { user: NOBODY });
    expect(report.summary).toMatchObject({ wouldRemove: 0, unreadable: 2 });
  });
});
