import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';
import { installedProgram } from '../support/program.js';
import { describeWith } from '../support/requirements.js';
import { shownOnTerminal } from '../support/terminal.js';

const IDLE = '0856b851-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const ACTIVE = 'b1c8d3f9-bbbb-4bbb-8bbb-bbbbbbbbbbbb';
const TWO_CHATS = { 'claude-cli': { 'dace53ab-1': IDLE, 'f4a9c2e8-2': ACTIVE }, 'codex-cli': {} };

function withIdleAndActive(): { home: Home; idleFile: string; activeFile: string } {
  const home = new Home();
  const idleFile = home.claude(IDLE, 16.2);
  const activeFile = home.claude(ACTIVE, 0.5);
  home.writeMap(TWO_CHATS);
  return { home, idleFile, activeFile };
}

// The program runs with TZ=UTC.
function utc(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', ' ');
}

describe('the report of a clean run', () => {
  it('has the form that users know', async () => {
    const { home, idleFile, activeFile } = withIdleAndActive();
    const before = Date.now();
    const { stdout, stderr, status } = await home.run();
    const rule = '='.repeat(80);
    const cutoff = /idle since before (.*) will/.exec(stdout)?.[1] ?? '';
    expect(stdout).toBe(
      [
        rule,
        'Claude CLI Session Cleanup - Starting',
        'Threshold: 2 hours',
        'Dry run: False',
        rule,
        `Sessions idle since before ${cutoff} will be cleaned`,
        '',
        'Processing claude-cli sessions (2 chats)',
        `  🧹 claude-cli/dace53ab: Session 0856b851 idle for 16.2h (last: ${utc(statSync(idleFile).mtime)})`,
        '     ✂️  Removed mapping (can be restored with --resume)',
        `  ✅ claude-cli/f4a9c2e8: Session b1c8d3f9 active (idle 0.5h, last: ${utc(statSync(activeFile).mtime)})`,
        '',
        'Processing codex-cli sessions (0 chats)',
        '',
        rule,
        'Cleanup Summary:',
        '  Total sessions checked: 2',
        '  Active sessions (kept): 1',
        '  Idle sessions (>2h): 1',
        '  Missing session files: 0',
        '  Cleaned up: 1 mapping',
        '  To put them back: claude-session-cleanup restore --last',
        rule,
        '',
      ].join('\n'),
    );
    expect(Math.abs(Date.parse(`${cutoff}Z`) - (before - 2 * 3600_000))).toBeLessThan(60_000);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(home.map).toEqual({ 'claude-cli': { 'f4a9c2e8-2': ACTIVE }, 'codex-cli': {} });
  });

  it('shows times in local time', async () => {
    const { home, idleFile } = withIdleAndActive();
    const { stdout } = await home.run(['-n'], { env: { TZ: 'Asia/Kolkata' } });
    const { mtime } = statSync(idleFile);
    const inKolkata = new Date(mtime.getTime() + 5.5 * 3600_000);
    expect(stdout).toContain(`(last: ${utc(inKolkata)})`);
  });

  it('marks what a dry run would do, and nothing else differs', async () => {
    const { home } = withIdleAndActive();
    const { stdout } = await home.run(['--dry-run']);
    expect(stdout).toContain('Dry run: True');
    expect(stdout).toContain('     [DRY RUN] Would remove this mapping\n');
    expect(stdout).toContain('  [DRY RUN] Would remove: 1 mapping\n');
    expect(stdout).not.toContain('Cleaned up');
  });

  it('has whole ids, paths and resume commands with --verbose', async () => {
    const { home, idleFile } = withIdleAndActive();
    const { stdout } = await home.run(['-n', '-v']);
    expect(stdout).toContain(`claude-cli/dace53ab-1: Session ${IDLE}`);
    expect(stdout).toContain(`Transcript: ${idleFile}`);
    expect(stdout).toContain(`Resume: claude --resume ${IDLE}`);
    expect(stdout).toContain(`Session map: ${home.mapPath}`);
  });

  it('names the way back that each CLI has', async () => {
    const home = new Home();
    home.gemini(uuid(1), 5);
    home.codex(uuid(2), 5);
    home.file(`.codex/archived_sessions/rollout-2026-11-20T10-15-00-${uuid(3)}.jsonl`, 5);
    home.writeMap({
      'gemini-cli': { a: uuid(1) },
      'codex-cli': { b: uuid(2), archived: uuid(3) },
    });
    const { stdout } = await home.run();
    expect(stdout).toContain(`Removed mapping (can be restored with gemini --resume ${uuid(1)})\n`);
    expect(stdout).toContain(`Removed mapping (can be restored with codex resume ${uuid(2)})\n`);
    expect(stdout).toContain("Removed mapping ('restore' puts it back)\n");
    expect(stdout).toContain('Processing gemini-cli sessions (1 chat)\n');
  });

  it('tells chats of one beginning apart', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.claude(uuid(2), 5);
    home.writeMap({ 'claude-cli': { 'telegram:111': uuid(1), 'telegram:222': uuid(2) } });
    const { stdout } = await home.run();
    expect(stdout).toMatch(/claude-cli\/telegram:1: .*\n.*\n.*claude-cli\/telegram:2: /);
  });

  it('says nothing with --quiet when all is well', async () => {
    const { home } = withIdleAndActive();
    expect(await home.run(['-q'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': { 'f4a9c2e8-2': ACTIVE }, 'codex-cli': {} });
  });

  it('is coloured when asked for, by flag or environment, and NO_COLOR takes it away', async () => {
    const { home } = withIdleAndActive();
    const esc = '\u001b[';
    const colored = async (args: string[], env: Record<string, string>) =>
      (await home.run(['-n', ...args], { env })).stdout.includes(esc);
    expect(await colored([], {})).toBe(false);
    expect(await colored(['--color'], {})).toBe(true);
    expect(await colored([], { FORCE_COLOR: '1' })).toBe(true);
    expect(await colored(['--no-color'], { FORCE_COLOR: '1' })).toBe(false);
    expect(await colored(['--color'], { NO_COLOR: '1' })).toBe(true);
  });

  it('names a mapping without a transcript and one of no known CLI, and keeps both', async () => {
    const home = new Home();
    home.claude(ACTIVE, 0.1);
    const text = home.writeMap({
      'claude-cli': { here: ACTIVE, gone: uuid(5) },
      'devstral-small-2': { other: 'x' },
    });
    const { stdout, stderr, status } = await home.run();
    expect(stdout).toContain(
      `  ⚠️  claude-cli/gone: Session ${uuid(5).slice(0, 8)} file not found (kept)\n`,
    );
    expect(stdout).toContain('Processing devstral-small-2 sessions (1 chat)');
    expect(stdout).toContain('  Missing session files: 1\n');
    expect(stdout).toContain('  Unrecognized sessions (kept): 1\n');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(home.mapText).toBe(text);
  });

  it('is one JSON document with --json, and nothing else on standard output', async () => {
    const { home, idleFile, activeFile } = withIdleAndActive();
    const report = await home.runJson();
    expect(report).toEqual({
      version: 1,
      command: 'clean',
      dryRun: false,
      thresholdHours: 2,
      cutoff: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      map: home.mapPath,
      sessions: [
        {
          provider: 'claude-cli',
          chat: 'dace53ab-1',
          session: IDLE,
          state: 'idle',
          lastActivity: statSync(idleFile).mtime.toISOString(),
          idleHours: 16.2,
          transcript: idleFile,
          running: false,
          action: 'removed',
          via: 'file',
          keptBecause: null,
        },
        {
          provider: 'claude-cli',
          chat: 'f4a9c2e8-2',
          session: ACTIVE,
          state: 'active',
          lastActivity: statSync(activeFile).mtime.toISOString(),
          idleHours: 0.5,
          transcript: activeFile,
          running: false,
          action: 'kept',
          via: null,
          keptBecause: 'active',
        },
      ],
      summary: {
        checked: 2,
        active: 1,
        idle: 1,
        missing: 0,
        unreadable: 0,
        unrecognized: 0,
        removed: 1,
        wouldRemove: 0,
        writtenBack: 0,
      },
      warnings: [],
    });
  });

  it('may lose its reader: the map is cleaned all the same', async () => {
    const { home } = withIdleAndActive();
    const command = `"${process.execPath}" "${installedProgram()}" | true`;
    const env = { ...process.env, HOME: home.dir, CLAUDE_SESSION_DIR: home.sessionDir };
    const { stderr } = await promisify(execFile)('/bin/sh', ['-c', command], { env });
    expect(stderr).toBe('');
    expect(home.map).toEqual({ 'claude-cli': { 'f4a9c2e8-2': ACTIVE }, 'codex-cli': {} });
  });

  it('that can not be written is an error, and the map is cleaned all the same', async () => {
    const { home } = withIdleAndActive();
    const command = `"${process.execPath}" "${installedProgram()}" > /dev/full; echo $?`;
    const env = { ...process.env, HOME: home.dir, CLAUDE_SESSION_DIR: home.sessionDir };
    const { stdout, stderr } = await promisify(execFile)('/bin/sh', ['-c', command], { env });
    expect(stdout).toBe('1\n');
    expect(stderr).toMatch(/can't write to standard output: no space left/);
    expect(home.map).toEqual({ 'claude-cli': { 'f4a9c2e8-2': ACTIVE }, 'codex-cli': {} });
  });
});

describeWith({ commands: ['script', 'stty'] })('the report on a terminal', () => {
  function homeOfAll(): Home {
    const home = new Home();
    home.claude(uuid(1), 16.2);
    home.claude(uuid(2), 0.1);
    home.gemini(uuid(3), 200);
    home.codex(uuid(4), 30);
    home.writeMap({
      'claude-cli': { 'dace53ab-support': uuid(1), 'f4a9c2e8-support': uuid(2), old: uuid(9) },
      'gemini-cli': { '9b3e5d71-prices': uuid(3) },
      'codex-cli': { '4f2d8c90-deploy': uuid(4) },
    });
    return home;
  }
  function shown(columns: number, ...args: string[]): string[] {
    const env = { NO_COLOR: '1', TERM: 'xterm' };
    return shownOnTerminal(homeOfAll(), args, env, columns).split(/\r?\n/);
  }

  it.each([
    { columns: 80, args: [] },
    { columns: 80, args: ['--dry-run', '--verbose'] },
    { columns: 80, args: ['doctor'] },
    { columns: 60, args: [] },
    { columns: 60, args: ['doctor'] },
    { columns: 40, args: ['--dry-run'] },
  ])('fits $columns columns with every line: $args', ({ columns, args }) => {
    const lines = shown(columns, ...args);
    expect(lines.length).toBeGreaterThan(8);
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  });

  it.each([80, 60, 50])('breaks no date from its time in %d columns', (columns) => {
    const dates = shown(columns, '-n').filter((line) => /\d{4}-\d\d-\d\d/.test(line));
    expect(dates.length).toBeGreaterThan(4);
    for (const line of dates) expect(line).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
  });
});
