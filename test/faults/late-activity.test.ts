import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { age, Home, uuid } from '../support/home.js';
import { describeWith } from '../support/requirements.js';
import { runHaltedAt } from './traced.js';

const MAP = { 'claude-cli': { late: uuid(1), idle: uuid(2) } };

// The map is opened twice for each reading, and once more right before the names are exchanged.
const READING_FOR_THE_COMMIT = 3;
const LAST_OPENING = 5;

function transcriptOf(home: Home): string {
  return join(home.dir, `.claude/projects/-srv-work/${uuid(1)}.jsonl`);
}

function olderAgentOf(home: Home): string {
  return join(home.dir, '.claude/projects/-srv-work/agent-0a1b2c3d.jsonl');
}

const WAYS = [
  [
    "in a sub-agent's transcript that was the older one",
    (home: Home) => age(olderAgentOf(home), 0),
  ],
  ['in its transcript', (home: Home) => age(transcriptOf(home), 0)],
  ['in a new transcript elsewhere', (home: Home) => home.claude(uuid(1), 0, '-srv-other')],
  [
    "in a sub-agent's new transcript",
    (home: Home) =>
      home.file(`.claude/projects/-srv-work/${uuid(1)}/subagents/agent-a1b2c3.jsonl`, 0),
  ],
] as const;

function homeToClean(): Home {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.claude(uuid(2), 5);
  const agent = '.claude/projects/-srv-work/agent-0a1b2c3d.jsonl';
  home.file(agent, 6, `${JSON.stringify({ sessionId: uuid(1) })}\n`);
  home.writeMap(MAP);
  return home;
}

function runHaltedAtOpening(home: Home, when: number) {
  return runHaltedAt(home, { call: 'openat', when, path: home.mapPath }, ['--json']);
}

describeWith({ commands: ['strace'] })('a session that becomes active during the run', () => {
  it.each(WAYS)('%s, stays; the others go', async (_, becomeActive) => {
    const home = homeToClean();
    const run = await runHaltedAtOpening(home, READING_FOR_THE_COMMIT);

    becomeActive(home);
    const { status, stdout, stderr } = await run.goOn();

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': { late: uuid(1) } });
    expect(JSON.parse(stdout).sessions).toMatchObject([
      { chat: 'late', state: 'active', action: 'kept', via: null },
      { chat: 'idle', state: 'idle', action: 'removed', via: 'file' },
    ]);
  });

  it.each([
    ...WAYS,
    [
      'in its transcript, which is moved',
      (home: Home) => {
        rmSync(transcriptOf(home));
        home.claude(uuid(1), 0, '-srv-other');
      },
    ],
    ['with its transcript deleted', (home: Home) => rmSync(transcriptOf(home))],
  ] as const)(
    '%s, while the new map is written, stays; there is nothing of it to restore',
    async (_, become) => {
      const home = homeToClean();
      const journal = join(home.sessionDir, 'session_map.removed.jsonl');
      const run = await runHaltedAt(home, { call: 'fsync', when: 1, path: journal }, ['--json']);
      expect(home.beside.filter((name) => name.endsWith('.tmp'))).toHaveLength(1);

      become(home);
      const { status, stdout, stderr } = await run.goOn();

      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(home.map).toEqual({ 'claude-cli': { late: uuid(1) } });
      expect(JSON.parse(stdout).summary).toMatchObject({ removed: 1 });
      const { stdout: restorable } = await home.run(['restore', '--json']);
      expect(restorable).toContain('"idle"');
      expect(restorable).not.toContain('"late"');
      expect((await home.runJson()).summary).toMatchObject({ writtenBack: 0 });
    },
  );

  it('since its CLI is started, stays with --keep-running', async () => {
    const home = homeToClean();
    // Directories in which nothing comes or goes are not looked through again.
    for (const directory of ['', '/projects', '/projects/-srv-work']) {
      age(join(home.dir, `.claude${directory}`), 1);
    }
    const journal = join(home.sessionDir, 'session_map.removed.jsonl');
    const moment = { call: 'fsync', when: 1, path: journal };
    const run = await runHaltedAt(home, moment, ['--json', '--keep-running']);
    const cli = spawn('sh', ['-c', 'sleep 60; true', 'claude', '--resume', uuid(1)]);
    onTestFinished(() => void cli.kill('SIGKILL'));
    await once(cli, 'spawn');

    const { status, stdout } = await run.goOn();
    expect(status).toBe(0);
    expect(home.map).toEqual({ 'claude-cli': { late: uuid(1) } });
    expect(JSON.parse(stdout).sessions[0]).toMatchObject({ running: true, action: 'kept' });
  });

  it('and is mapped anew by the bridge, keeps its new mapping', async () => {
    const home = homeToClean();
    const run = await runHaltedAtOpening(home, LAST_OPENING);

    home.writeMap({ 'claude-cli': { late: uuid(3), idle: uuid(2), new: uuid(4) } });
    const { status, stdout, stderr } = await run.goOn();

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': { late: uuid(3), new: uuid(4) } });
    const { sessions, summary } = JSON.parse(stdout);
    expect(sessions.map(({ action }: { action: string }) => action)).toEqual(['kept', 'removed']);
    expect(summary.removed).toBe(1);
  });
});
