import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';
import { holdLock } from '../support/lock.js';
import { installedNode, installedProgram } from '../support/program.js';
import { describeWith } from '../support/requirements.js';

function homeWith(idleHours: number): Home {
  const home = new Home();
  home.claude(uuid(1), idleHours);
  home.claude(uuid(2), idleHours);
  home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
  return home;
}

describe('--on-change', () => {
  it('runs after the commit, with the count and the map', async () => {
    const home = homeWith(5);
    const command = 'echo "$CLEANED_COUNT $SESSION_MAP $(cat "$SESSION_MAP")"';
    const { status, stderr, stdout } = await home.run(['--on-change', command]);
    expect(status).toBe(0);
    expect(stderr).toBe(`2 ${home.mapPath} {"claude-cli":{}}\n`);
    expect(stdout).not.toContain(home.mapPath);
  });

  it('does not run when nothing was removed', async () => {
    const home = homeWith(0.1);
    expect(await home.run(['--on-change', 'echo ran'])).toMatchObject({ status: 0, stderr: '' });
  });

  it('gets what was removed as lines of JSON on its standard input', async () => {
    const home = homeWith(5);
    home.claude(uuid(2), 0.1);
    const { stderr } = await home.run(['--on-change', 'cat >&2']);
    expect(JSON.parse(stderr)).toEqual({ provider: 'claude-cli', chat: 'a', session: uuid(1) });
  });

  it.each([
    ['at once', ''],
    ['a moment later', '(sleep 0.5; '],
  ])('that brings mappings back %s is told, exit 1', async (_, later) => {
    const home = homeWith(5);
    const saved = home.file('saved', 0, home.mapText);
    const saves = `cp '${saved}' "$SESSION_MAP"`;
    const command = later === '' ? saves : `${later}${saves}) >/dev/null 2>&1 &`;
    const { status, stderr } = await home.run(['-q', '--on-change', command]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^[^\n]*error: 2 removed mappings came back[^\n]*--bridge-url[^\n]*\n$/);
  });

  it('may fail: exit 1, said, and the map stays cleaned', async () => {
    const home = homeWith(5);
    const { status, stderr } = await home.run(['--on-change', 'echo oh no >&2; exit 3']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^oh no\n/);
    expect(stderr).toMatch(
      /--on-change command failed: it exited with status 3; the map stays cleaned/,
    );
    expect(home.map).toEqual({ 'claude-cli': {} });
  });
});

describe('--metrics', () => {
  const metricsOf = (home: Home): string => readFileSync(join(home.dir, 'run.prom'), 'utf8');

  it('counts the sessions by provider and state, and tells of the run', async () => {
    const home = homeWith(5);
    home.codex(uuid(3), 0.5);
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) }, 'codex-cli': { c: uuid(3) } });
    await home.run(['--metrics', 'run.prom']);
    const text = metricsOf(home);
    const map = `map="${home.mapPath}"`;
    const sessions = 'claude_session_cleanup_sessions';
    expect(text).toContain(`claude_session_cleanup_last_run_success{${map}} 1\n`);
    expect(text).toContain(`${sessions}{${map},provider="claude-cli",state="idle"} 2\n`);
    expect(text).toContain(`${sessions}{${map},provider="codex-cli",state="active"} 1\n`);
    expect(text).toContain(`${sessions}{${map},provider="codex-cli",state="missing"} 0\n`);
    const oldest = /oldest_idle_seconds\{[^}]*provider="claude-cli"\} ([\d.]+)/.exec(text)?.[1];
    expect(Number(oldest) / 3600).toBeCloseTo(5, 1);
  });

  it('has counters that grow over the runs, also over those that fail or leave no metrics', async () => {
    const home = homeWith(5);
    const map = JSON.stringify(home.map);
    const counters = (): string[] => metricsOf(home).match(/^\w+_total\S* .*$/gm) ?? [];
    const counted = (runs: number, failed: number, removed: number): string[] => [
      `claude_session_cleanup_runs_total{map="${home.mapPath}"} ${runs}`,
      `claude_session_cleanup_failed_runs_total{map="${home.mapPath}"} ${failed}`,
      `claude_session_cleanup_removed_mappings_total{map="${home.mapPath}"} ${removed}`,
    ];
    await home.run(['--metrics', 'run.prom']);
    expect(counters()).toEqual(counted(1, 0, 2));
    home.writeMap(map);
    await home.run();
    await home.run(['--metrics', 'run.prom']);
    expect(counters()).toEqual(counted(3, 0, 4));
    home.writeMap('[]');
    expect(await home.run(['--metrics', 'run.prom'])).toMatchObject({ status: 1 });
    expect(counters()).toEqual(counted(4, 1, 4));
    expect(metricsOf(home)).toMatch(/last_run_success\{[^}]*\} 0\n/);
  });

  const success = (home: Home): string | undefined =>
    /last_run_success\{[^}]*\} (.*)\n/.exec(metricsOf(home))?.[1];

  it('tell of a failed run when its report could not be printed, and count it once', async () => {
    const home = homeWith(5);
    const command = `"$0" "$1" --metrics run.prom >/dev/full`;
    const args = ['-c', command, installedNode(), installedProgram()];
    const env = { HOME: home.dir, CLAUDE_SESSION_DIR: home.sessionDir };
    expect(spawnSync('sh', args, { cwd: home.dir, env }).status).toBe(1);
    expect(success(home)).toBe('0');
    expect(metricsOf(home)).toMatch(/removed_mappings_total\{[^}]*\} 2\n/);
  });

  it.each([
    { what: 'another run holds the lock', status: 75 },
    { what: 'the map is no map', status: 1 },
    { what: 'the command of --on-change fails', status: 1 },
  ])('tell of a failed run when $what', async ({ what, status }) => {
    const home = homeWith(5);
    const args = ['--metrics', 'run.prom'];
    await home.run([...args, '--hours', '9']);
    expect(success(home)).toBe('1');
    if (status === 75) await holdLock(home);
    if (what.includes('no map')) home.writeMap('{');
    const onChange = what.includes('--on-change') ? ['--on-change', 'exit 3'] : [];
    expect(await home.run([...args, ...onChange])).toMatchObject({ status });
    expect(success(home)).toBe('0');
  });

  it('that can not be written are a warning in the JSON document, too', async () => {
    const { warnings } = await homeWith(5).runJson(['--metrics', '/nowhere/run.prom']);
    expect(warnings).toEqual([
      "/nowhere/run.prom: can't write the metrics: no such file or directory",
    ]);
  });

  it('tell how many mappings were written back when the last run met them', async () => {
    const home = homeWith(5);
    const text = home.mapText;
    const writtenBack = (): string | undefined =>
      /written_back_mappings\{[^}]*\} (.*)\n/.exec(metricsOf(home))?.[1];
    await home.run(['--metrics', 'run.prom']);
    expect(writtenBack()).toBe('0');
    home.writeMap(text);
    await home.run(['--metrics', 'run.prom']);
    expect(writtenBack()).toBe('2');
    await home.run(['--metrics', 'run.prom']);
    expect(writtenBack()).toBe('0');
  });

  it('are each there once, with its name and its meaning', async () => {
    const home = homeWith(5);
    home.claude(uuid(3), 0.5);
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2), c: uuid(3), d: uuid(4), e: '*' } });
    const before = Date.now() / 1000;
    await home.run(['--metrics', 'run.prom']);
    const after = Date.now() / 1000;
    const samples = new Map(
      Array.from(metricsOf(home).matchAll(/^claude_session_cleanup_(\w+)\{(.*)\} (\S+)$/gm)).map(
        ([, name, labels, value]) => [`${name} ${labels}`, Number(value)],
      ),
    );
    const map = `map="${home.mapPath}"`;
    const provider = `${map},provider="claude-cli"`;
    expect(Object.fromEntries(samples)).toEqual({
      [`last_run_timestamp_seconds ${map}`]: expect.any(Number),
      [`last_run_success ${map}`]: 1,
      [`last_run_duration_seconds ${map}`]: expect.any(Number),
      [`runs_total ${map}`]: 1,
      [`failed_runs_total ${map}`]: 0,
      [`removed_mappings_total ${map}`]: 2,
      [`written_back_mappings ${map}`]: 0,
      [`sessions ${provider},state="active"`]: 1,
      [`sessions ${provider},state="idle"`]: 2,
      [`sessions ${provider},state="missing"`]: 1,
      [`sessions ${provider},state="unreadable"`]: 0,
      [`sessions ${provider},state="unrecognized"`]: 1,
      [`oldest_idle_seconds ${provider}`]: expect.closeTo(5 * 3600, -3),
    });
    const ended = samples.get(`last_run_timestamp_seconds ${map}`);
    expect(ended).toBeGreaterThanOrEqual(before);
    expect(ended).toBeLessThanOrEqual(after);
    const duration = samples.get(`last_run_duration_seconds ${map}`);
    expect(duration).toBeGreaterThanOrEqual(0);
    expect(duration).toBeLessThanOrEqual(after - before);
    const types = metricsOf(home)
      .match(/^# TYPE .*$/gm)
      ?.map((line) => line.split(' ').slice(2));
    for (const [name, type] of types ?? []) {
      expect(type).toBe(name?.endsWith('_total') ? 'counter' : 'gauge');
    }
    expect(metricsOf(home).match(/^# HELP /gm)).toHaveLength(9);
    expect(types).toHaveLength(9);
  });

  it('have one series for sections whose names are written alike', async () => {
    const home = homeWith(5);
    home.writeMap({ 'odd\n': { a: '1' }, 'odd\\u{a}': { b: '2', c: '3' } });
    await home.run(['--metrics', 'run.prom']);
    const series = metricsOf(home).match(/^.*state="unrecognized".*$/gm);
    expect(series).toHaveLength(1);
    expect(series?.[0]).toMatch(/ 3$/);
  });

  it('are replaced as a whole: who reads the old ones reads them to the end', async () => {
    const home = homeWith(5);
    await home.run(['--metrics', 'run.prom']);
    const old = metricsOf(home);
    linkSync(join(home.dir, 'run.prom'), join(home.dir, 'still-open.prom'));
    await home.run(['--metrics', 'run.prom']);
    expect(readFileSync(join(home.dir, 'still-open.prom'), 'utf8')).toBe(old);
    expect(metricsOf(home)).not.toBe(old);
    expect(readdirSync(home.dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is a file that the exporter may read, whatever the umask', async () => {
    const home = homeWith(5);
    const before = process.umask(0o077);
    try {
      await home.run(['--metrics', 'run.prom']);
    } finally {
      process.umask(before);
    }
    expect(statSync(join(home.dir, 'run.prom')).mode & 0o777).toBe(0o644);
  });

  it('that can not be written are an error, and the map is cleaned', async () => {
    const home = homeWith(5);
    const { status, stderr } = await home.run(['--metrics', '/nowhere/run.prom']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/\/nowhere\/run.prom: can't write the metrics: no such file/);
    expect(home.map).toEqual({ 'claude-cli': {} });
  });
});

describe('--metrics on what is no regular file', () => {
  async function refused(home: Home, path: string): Promise<void> {
    const { status, stderr } = await home.run(['--metrics', path]);
    expect(status).toBe(1);
    expect(stderr).toBe(
      `claude-session-cleanup: error: ${path}: can't write the metrics: it is not a regular file\n`,
    );
    expect(home.map).toEqual({ 'claude-cli': {} });
  }

  it('leaves a pipe that nobody reads alone', async () => {
    const home = homeWith(5);
    const path = join(home.dir, 'run.prom');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    await refused(home, path);
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  it('leaves a directory alone', async () => {
    const home = homeWith(5);
    const path = join(home.dir, 'run.prom');
    mkdirSync(path);
    await refused(home, path);
    expect(readdirSync(path)).toEqual([]);
  });

  describeWith({ root: true, commands: ['mknod'] })('as root', () => {
    it('leaves a device alone', async () => {
      const home = homeWith(5);
      const path = join(home.dir, 'run.prom');
      // The numbers of /dev/null.
      expect(spawnSync('mknod', [path, 'c', '1', '3']).status).toBe(0);
      await refused(home, path);
      expect(lstatSync(path).isCharacterDevice()).toBe(true);
    });

    it("does not follow another user's link", async () => {
      const home = homeWith(5);
      symlinkSync('there.prom', join(home.dir, 'run.prom'));
      lchownSync(join(home.dir, 'run.prom'), 4711, 4711);
      const { status, stderr } = await home.run(['--metrics', 'run.prom']);
      expect(status).toBe(1);
      expect(stderr).toMatch(/the link \S+\/run\.prom belongs to user 4711/);
      expect(existsSync(join(home.dir, 'there.prom'))).toBe(false);
    });
  });

  it.each([
    ['the map', 'bridge/session_map.json', (home: Home) => home.mapText],
    ['a transcript', '.claude/projects/-srv-work/s.jsonl', () => '{}\n'],
    ['an empty transcript', '.claude/projects/-srv-work/empty.jsonl', () => ''],
    ['metrics of another program', 'other.prom', () => '# HELP up Whether it is up.\n'],
    ['a link to the map', 'run.prom', undefined],
    ['a new file of another ending', 'run.txt', undefined],
  ])('leaves %s alone, and says so', async (_, name, content) => {
    const home = homeWith(5);
    home.claude(uuid(2), 0.1);
    const path = join(home.dir, name);
    const text = content?.(home);
    if (text !== undefined) writeFileSync(path, text);
    else if (name.endsWith('.prom')) symlinkSync(home.mapPath, path);
    const { status, stderr } = await home.run(['-q', '--metrics', name]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^[^\n]*error: \S+: can't write the metrics: [^\n]+\n$/);
    expect(home.map).toEqual({ 'claude-cli': { b: uuid(2) } });
    if (text === undefined) expect(existsSync(path)).toBe(name.endsWith('.prom'));
    else if (path !== home.mapPath) expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it.each(['here', 'not there yet'])(
    'follows a link of our own to a file that is %s',
    async (is) => {
      const home = homeWith(5);
      const target = join(home.dir, 'node-exporter/run.prom');
      mkdirSync(dirname(target));
      if (is === 'here') writeFileSync(target, '');
      symlinkSync('node-exporter/run.prom', join(home.dir, 'run.prom'));
      expect(await home.run(['--metrics', 'run.prom'])).toMatchObject({ status: 0, stderr: '' });
      expect(lstatSync(join(home.dir, 'run.prom')).isSymbolicLink()).toBe(true);
      expect(readFileSync(target, 'utf8')).toContain('last_run_success');
      expect(readdirSync(dirname(target))).toEqual(['run.prom']);
    },
  );
});

describeWith({ commands: ['promtool'] })('the metrics, by promtool', () => {
  it.each(['ok', 'failing'])('are valid: a run that is %s', async (kind) => {
    const home = homeWith(5);
    home.writeMap({ 'claude-cli': { a: uuid(1) }, 'odd "\\ one\n': { b: uuid(2) } });
    if (kind === 'failing') home.writeMap('[]');
    await home.run(['--metrics', 'run.prom']);
    const input = readFileSync(join(home.dir, 'run.prom'), 'utf8');
    expect(input).toContain('last_run_success');
    expect(spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
  });
});
