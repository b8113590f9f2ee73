import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';
import { installedNode, installedProgram } from '../support/program.js';

const PREFIX = 'claude-session-cleanup: error: ';

describe('wrong usage', () => {
  it.each([
    { args: ['--dry-rum'], said: "unknown option '--dry-rum' (Did you mean --dry-run?)" },
    { args: ['lisst'], said: "unknown command 'lisst' (Did you mean list?)" },
    { args: ['--hours'], said: "option '-H, --hours <n>' argument missing" },
    {
      args: ['doctor', 'a'],
      said: "too many arguments for 'doctor'. Expected 0 arguments but got 1.",
    },
  ])('is one line: $args', async ({ args, said }) => {
    expect(await new Home().run(args)).toEqual({
      status: 2,
      signal: null,
      stdout: '',
      stderr: `${PREFIX}${said}\n`,
    });
  });

  it('is not the word help', async () => {
    const home = new Home();
    const help = await home.run(['list', '--help']);
    expect(await home.run(['help', 'list'])).toEqual(help);
    expect(await home.run(['help'])).toEqual(await home.run(['--help']));
    const { status, stderr } = await home.run(['help', 'lisst']);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^[^\n]*'lisst' is invalid[^\n]* clean, list, restore, doctor, completion, schema\.\n$/,
    );
  });

  it.each([
    { args: ['--bogus'], command: 'clean' },
    { args: ['-d', 'list', '--hours', 'x'], command: 'clean' },
    { args: ['list', '--sort', 'age'], command: 'list' },
    { args: ['-d', 'doctor', 'restore', '--all', '--last'], command: 'restore' },
    { args: ['doctor', '--max-remove', '3'], command: 'doctor' },
  ])('is a document with --json that names the command: $args', async ({ args, command }) => {
    const home = new Home();
    const { status, stdout, stderr } = await home.run([...args, '--json']);
    expect(status).toBe(2);
    const { error } = JSON.parse(stdout);
    expect(stderr).toBe(`${PREFIX}${error}\n`);
    expect(JSON.parse(stdout)).toEqual({ version: 1, command, error });
  });

  it('names the command of any other failure, too', async () => {
    const home = new Home();
    home.writeMap('[]');
    const document = async (...args: string[]) => JSON.parse((await home.run(args)).stdout);
    expect(await document('list', '--json')).toMatchObject({ command: 'list' });
    expect(await document('-d', home.sessionDir, '--json')).toMatchObject({ command: 'clean' });
  });
});

describe('help', () => {
  function shell(script: string) {
    const args = ['-c', script, installedNode(), installedProgram()];
    const { status, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
    return { status, stderr };
  }

  it('for a reader that has gone away is no error', () => {
    const script = '{ sleep 0.3; "$0" "$1" --help; echo "status $?" >&2; } | true';
    expect(shell(script)).toEqual({ status: 0, stderr: 'status 0\n' });
  });

  it('that can not be written is one', () => {
    expect(shell('"$0" "$1" --version >/dev/full')).toEqual({
      status: 1,
      stderr: `${PREFIX}can't write to standard output: no space left on the disk\n`,
    });
  });
});

describe('wrong usage of a run that has metrics', () => {
  async function homeAfterSuccess(): Promise<Home> {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    await home.run(['--metrics', 'run.prom']);
    expect(metric(home, 'last_run_success')).toBe('1');
    return home;
  }

  function metric(home: Home, name: string): string | undefined {
    const text = readFileSync(join(home.dir, 'run.prom'), 'utf8');
    return new RegExp(`^claude_session_cleanup_${name}\\{map="${home.mapPath}"\\} (.*)$`, 'm').exec(
      text,
    )?.[1];
  }

  it.each([
    { args: ['--metrics', 'run.prom', '--hours', 'x'], env: {} },
    { args: ['--hours', 'x', '--metrics=run.prom'], env: {} },
    { args: ['--bogus'], env: { CLEANUP_METRICS: 'run.prom' } },
    { args: [], env: { CLEANUP_METRICS: 'run.prom', IDLE_THRESHOLD_HOURS: 'two' } },
    { args: [], env: { CLEANUP_METRICS: 'run.prom', DRY_RUN: 'perhaps' } },
  ])('makes it a failed one: $args $env', async ({ args, env }) => {
    const home = await homeAfterSuccess();
    expect(await home.run(args, { env })).toMatchObject({ status: 2 });
    expect(metric(home, 'last_run_success')).toBe('0');
    expect(metric(home, 'removed_mappings_total')).toBe('1');
  });

  it.each([
    { args: ['list', '--bogus'] },
    { args: ['lisst'] },
    { args: ['--dry-run', '--hours', 'x'] },
  ])('is none when it was no run that keeps them: $args', async ({ args }) => {
    const home = await homeAfterSuccess();
    const env = { CLEANUP_METRICS: 'run.prom' };
    expect(await home.run(args, { env })).toMatchObject({ status: 2 });
    expect(metric(home, 'last_run_success')).toBe('1');
  });

  it('says so when they can not be written', async () => {
    const { status, stderr } = await new Home().run(['--bogus', '--metrics', '/nowhere/run.prom']);
    expect(status).toBe(2);
    expect(stderr).toBe(
      `${PREFIX}unknown option '--bogus'\n${PREFIX}/nowhere/run.prom: can't write the metrics: no such file or directory\n`,
    );
  });
});
