import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { age, Home, type RunOptions, uuid } from '../support/home.js';
import { installedNode, installedProgram } from '../support/program.js';

interface Page {
  readonly healthy: boolean;
  readonly checks: readonly {
    subject: string;
    level: 'ok' | 'warning' | 'problem';
    message: string;
    fix: string | null;
  }[];
}

async function assess(home: Home, args: string[] = [], options: RunOptions = {}) {
  const { stdout, status } = await home.run(['doctor', '--json', ...args], options);
  const page = JSON.parse(stdout) as Page;
  return {
    status,
    page,
    check: (subject: string) => page.checks.find((c) => c.subject === subject),
  };
}

function healthyHome(): Home {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.codex(uuid(2), 5);
  home.writeMap({ 'claude-cli': { a: uuid(1) }, 'codex-cli': { b: uuid(2) } });
  return home;
}

async function bridgeWith(sessions: unknown): Promise<string> {
  const server = createServer((_request, response) => response.end(JSON.stringify({ sessions })));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('doctor', () => {
  it('finds no problem where there is none, changes nothing, exit 0', async () => {
    const home = healthyHome();
    const text = home.mapText;
    const { status, page, check } = await assess(home);
    expect(page.checks.filter(({ level }) => level === 'problem')).toEqual([]);
    expect({ status, healthy: page.healthy }).toEqual({ status: 0, healthy: true });
    expect(check('mappings')?.message).toBe('claude-cli 1, codex-cli 1');
    expect(check('Claude Code')).toMatchObject({
      level: 'ok',
      message: expect.stringContaining('1 transcripts; 1 of 1 mapped sessions have one'),
    });
    expect(home.mapText).toBe(text);
    expect(home.beside).toEqual(['session_map.json']);
  });

  it('is a page for people, each line with its level, problems and warnings with a fix', async () => {
    const home = healthyHome();
    rmSync(join(home.dir, '.claude'), { recursive: true });
    const { status, stdout } = await home.run(['doctor']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^✅ ok {7}Node: v\d+/m);
    expect(stdout).toMatch(
      /❌ problem {2}Claude Code: .*: 0 transcripts; 0 of 1 mapped sessions have one\n +→ /,
    );
    expect(stdout).toMatch(/\n1 problem, \d+ warnings\n$/);
  });

  it('tells a map that makes no sense', async () => {
    const home = healthyHome();
    home.writeMap('[]');
    const { status, check } = await assess(home);
    expect(status).toBe(1);
    expect(check('map')).toMatchObject({
      level: 'problem',
      message: expect.stringContaining(home.mapPath),
    });
  });

  it('tells a clock that is behind the map', async () => {
    const home = healthyHome();
    age(home.mapPath, -1);
    const { status, check } = await assess(home);
    expect(status).toBe(1);
    expect(check('clock')).toMatchObject({
      level: 'problem',
      message: expect.stringMatching(/the clock of \S+ is \d+ minutes behind/),
    });
  });

  it('takes a missing map for a warning: the bridge may not have begun', async () => {
    const { status, check } = await assess(new Home());
    expect(status).toBe(0);
    expect(check('map')).toMatchObject({ level: 'warning' });
  });

  it('tells that none of the mapped sessions has a transcript: wrong user or home', async () => {
    const home = healthyHome();
    const { status, check } = await assess(home, ['--claude-dir', join(home.dir, 'bridge')]);
    expect(status).toBe(1);
    expect(check('Claude Code')).toMatchObject({
      level: 'problem',
      message: expect.stringContaining('0 of 1 mapped sessions'),
    });
  });

  it.runIf(process.geteuid?.() === 0)('tells what this user may not read or write', async () => {
    const home = healthyHome();
    home.openToAll();
    chmodSync(join(home.dir, '.claude/projects'), 0o000);
    const { status, check } = await assess(home, [], { user: 65534 });
    expect(status).toBe(1);
    expect(check('Claude Code')).toMatchObject({
      level: 'problem',
      message: expect.stringMatching(/projects: can't be read: permission denied/),
    });
    expect(check('directory')).toMatchObject({ level: 'problem' });
  });

  it('tells of a file that keeps a run from judging a session', async () => {
    const home = healthyHome();
    const gemini = '.gemini/tmp/work/chats/session-2026-11-20T10-15-01010101.jsonl';
    const nameless = home.file(gemini, 5, '{"nobody": true}\n');
    home.writeMap({ 'gemini-cli': { a: uuid(1) } });
    const { status, check } = await assess(home);
    expect(status).toBe(1);
    expect(check('Gemini CLI')).toMatchObject({
      level: 'problem',
      message: expect.stringContaining(`${nameless}: can't be told whose it is`),
    });
  });

  it('looks at the rest when the journal can not be read', async () => {
    const home = healthyHome();
    mkdirSync(join(home.sessionDir, 'session_map.removed.jsonl'));
    const { status, check } = await assess(home);
    expect(status).toBe(1);
    expect(check('journal')).toMatchObject({ level: 'problem' });
    expect(check('map')).toMatchObject({ level: 'ok' });
    expect(check('mappings')).toMatchObject({ message: expect.stringContaining('claude-cli 1') });
  });

  it('warns of a HOME that is not the one of the user', async () => {
    expect((await assess(healthyHome())).check('user')).toMatchObject({ level: 'warning' });
  });

  it('tells how many mappings a bridge has written back', async () => {
    const home = healthyHome();
    const text = home.mapText;
    await home.run();
    home.writeMap(text);
    expect((await assess(home)).check('written back')?.message).toMatch(/are back \(2\)/);
  });

  it('tells of the last run: how it ended, and that it looked elsewhere', async () => {
    const home = healthyHome();
    const lastRun = async (args: string[] = []) =>
      (await assess(home, args)).page.checks.filter(({ subject }) => subject === 'last run');
    expect(await lastRun()).toEqual([
      expect.objectContaining({ level: 'ok', message: expect.stringContaining('none has left') }),
    ]);
    await home.run(['--hours', '4']);
    expect(await lastRun()).toEqual([
      expect.objectContaining({
        level: 'ok',
        message: expect.stringMatching(/threshold 4 hours, removed 2 mappings$/),
      }),
    ]);
    const elsewhere = join(home.dir, 'elsewhere');
    expect(await lastRun(['--codex-dir', elsewhere])).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        message: expect.stringContaining(
          `--codex-dir ${join(home.dir, '.codex')} (here ${elsewhere})`,
        ),
      }),
    );
    home.writeMap('{');
    await home.run();
    expect(await lastRun()).toEqual([]);
    home.writeMap({ 'claude-cli': {} });
    expect(await lastRun()).toEqual([
      expect.objectContaining({
        level: 'problem',
        message: expect.stringContaining('failed with status 1: '),
      }),
    ]);
  });

  it('asks the bridge that the last run asked', async () => {
    const home = healthyHome();
    const address = await bridgeWith({ 'claude-cli': {} });
    await home.run(['--bridge-url', address, '--hours', '100']);
    expect((await assess(home)).check('bridge')?.message).toContain(`${address}/ has 0 mappings`);
  });

  it('tells what the last run had to do after a removal', async () => {
    const home = healthyHome();
    await home.run(['--on-change', 'true']);
    expect((await assess(home)).check('bridge')).toMatchObject({
      level: 'ok',
      message: 'after a run that removed mappings this is run: true',
    });
  });

  it('tells a stale copy of the home by the newest mapped sessions, which have no transcript', async () => {
    const home = new Home();
    home.claude(uuid(1), 200);
    home.claude(uuid(2), 190);
    const chats = Object.fromEntries([1, 2, 3, 4, 5].map((at) => [`chat-${at}`, uuid(at)]));
    home.writeMap({ 'claude-cli': chats });
    const { status, check } = await assess(home);
    expect(status).toBe(1);
    expect(check('Claude Code')).toMatchObject({
      level: 'problem',
      message: expect.stringMatching(/2 of 5 .*, and the 3 newest have none/),
      fix: expect.stringContaining('--claude-dir'),
    });
  });

  it('warns of chats that share a session', async () => {
    const home = healthyHome();
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(1), c: uuid(3) } });
    const { page } = await assess(home);
    const found = page.checks.filter(({ message }) => /share a session/.test(message));
    expect(found).toEqual([expect.objectContaining({ subject: 'mappings', level: 'warning' })]);
    expect(found[0]?.message).toMatch(/: claude-cli\/a, claude-cli\/b$/);
  });

  it.runIf(process.geteuid?.() === 0)(
    'tells why the last run could not replace the map',
    async () => {
      const home = healthyHome();
      const blank = join(home.dir, 'a bridge');
      renameSync(home.sessionDir, blank);
      const map = join(blank, 'session_map.json');
      // As it is in a container into which the file alone was mounted.
      const script = `mount --bind '${map}' '${map}'; "$@" -q; exec "$@" doctor --json`;
      const { stdout } = spawnSync(
        'unshare',
        ['--mount', 'sh', '-c', script, 'sh', installedNode(), installedProgram()],
        {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], HOME: home.dir, CLAUDE_SESSION_DIR: blank },
        },
      );
      expect((JSON.parse(stdout) as Page).checks).toContainEqual(
        expect.objectContaining({
          subject: 'last run',
          level: 'problem',
          message: expect.stringContaining('mount its directory instead'),
        }),
      );
    },
  );

  describe('of cron', () => {
    function cronWith(home: Home, table: string): RunOptions {
      const bin = join(home.dir, 'bin');
      mkdirSync(bin);
      writeFileSync(join(bin, 'crontab'), `#!/bin/sh\ncat <<'TABLE'\n${table}\nTABLE\n`);
      chmodSync(join(bin, 'crontab'), 0o755);
      return { env: { PATH: `${bin}:${process.env['PATH']}` } };
    }

    it('names a line of the first version, which is no line of this program', async () => {
      const home = healthyHome();
      const line = '0 * * * * python3 /opt/bridge/cleanup_idle_sessions.py';
      const { page, check } = await assess(home, [], cronWith(home, `# a comment\n${line}`));
      expect(check('cron')).toMatchObject({
        level: 'warning',
        message: `this user's crontab starts another program, not this one: ${line}`,
      });
      expect(page.checks.map(({ message }) => message).join()).not.toMatch(/nothing cleans/);
    });

    it('tells that nothing is installed when a line is only a comment', async () => {
      const table = '#0 * * * * claude-session-cleanup';
      const home = healthyHome();
      expect((await assess(home, [], cronWith(home, table))).check('schedule')).toMatchObject({
        level: 'warning',
        message: expect.stringContaining('nothing cleans by itself'),
        fix: expect.stringMatching(/scripts\/install\.sh$/),
      });
    });

    it('has a cure for mappings that are back which fits a cron job', async () => {
      const home = healthyHome();
      const text = home.mapText;
      await home.run();
      home.writeMap(text);
      const table = '5 * * * * claude-session-cleanup -q';
      const { check } = await assess(home, [], cronWith(home, table));
      expect(check('written back')?.fix).toMatch(/install\.sh --cron .*--bridge-url .*--on-change/);
    });
  });

  it("compares the bridge's memory with the file", async () => {
    const home = healthyHome();
    const same = await bridgeWith(home.map);
    expect((await assess(home, ['--bridge-url', same])).check('bridge')).toMatchObject({
      level: 'ok',
      message: `${same}/ has 2 mappings, the same as the file`,
    });
    const other = await bridgeWith({ 'claude-cli': { z: uuid(9) } });
    expect((await assess(home, ['--bridge-url', other])).check('bridge')).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/1 of them are not in the file, 2 of the file's are not/),
    });
    const nonsense = await bridgeWith(7);
    const { status, check } = await assess(home, ['--bridge-url', nonsense]);
    expect(status).toBe(1);
    expect(check('bridge')?.level).toBe('problem');
  });
});
