import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { age, Home, uuid } from '../support/home.js';
import { describeWith } from '../support/requirements.js';
import { journalOf } from './home-to-clean.js';
import { runHaltedAt } from './traced.js';

// One of its own: a process with this id on its command line counts for every test beside this one.
const LATE = randomUUID();
const MAP = { 'claude-cli': { late: LATE, idle: uuid(2) } };

// The moments, by what the run has done by then.
const ANNOUNCED = (home: Home) => ({ call: 'fsync', when: 1, path: journalOf(home) });
const EXCHANGED = () => ({ call: 'renameat2', when: 1 });

function transcriptOf(home: Home): string {
  return join(home.dir, `.claude/projects/-srv-work/${LATE}.jsonl`);
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
  ['in a new transcript elsewhere', (home: Home) => home.claude(LATE, 0, '-srv-other')],
  [
    "in a sub-agent's new transcript",
    (home: Home) => home.file(`.claude/projects/-srv-work/${LATE}/subagents/agent-a1b2c3.jsonl`, 0),
  ],
  [
    'in its transcript, which is moved',
    (home: Home) => {
      rmSync(transcriptOf(home));
      home.claude(LATE, 0, '-srv-other');
    },
  ],
  ['with its transcript deleted', (home: Home) => rmSync(transcriptOf(home))],
] as const;

function homeToClean(): Home {
  const home = new Home();
  home.claude(LATE, 5);
  home.claude(uuid(2), 5);
  const agent = '.claude/projects/-srv-work/agent-0a1b2c3d.jsonl';
  home.file(agent, 6, `${JSON.stringify({ sessionId: LATE })}\n`);
  home.writeMap(MAP);
  return home;
}

const MOMENTS = [
  ['when its removal has been announced', ANNOUNCED],
  ['when the new map has its name', EXCHANGED],
] as const;

describeWith({ commands: ['strace'] })('a session that becomes active during the run', () => {
  it.each(
    MOMENTS.flatMap(([when, moment]) =>
      WAYS.map(([way, become]) => [way, when, become, moment] as const),
    ),
  )(
    '%s, %s, stays; the others go; there is nothing of it to restore',
    async (_, _when, become, moment) => {
      const home = homeToClean();
      const run = await runHaltedAt(home, moment(home), ['--json']);

      become(home);
      const { status, stdout, stderr } = await run.goOn();

      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(home.map).toEqual({ 'claude-cli': { late: LATE } });
      expect(JSON.parse(stdout).sessions).toMatchObject([
        { chat: 'late', action: 'kept', via: null },
        { chat: 'idle', state: 'idle', action: 'removed', via: 'file' },
      ]);
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
    const run = await runHaltedAt(home, ANNOUNCED(home), ['--json', '--keep-running']);
    const cli = spawn('sh', ['-c', 'sleep 60; true', 'claude', '--resume', LATE]);
    onTestFinished(() => void cli.kill('SIGKILL'));
    await once(cli, 'spawn');

    const { status, stdout } = await run.goOn();
    expect(status).toBe(0);
    expect(home.map).toEqual({ 'claude-cli': { late: LATE } });
    expect(JSON.parse(stdout).sessions[0]).toMatchObject({ running: true, action: 'kept' });
  });

  it('and is mapped anew by the bridge, keeps its new mapping', async () => {
    const home = homeToClean();
    const run = await runHaltedAt(home, ANNOUNCED(home), ['--json']);

    // By rename: an open for writing would wait for the run, which holds a lease.
    const next = join(home.sessionDir, 'next');
    writeFileSync(
      next,
      JSON.stringify({ 'claude-cli': { late: uuid(3), idle: uuid(2), new: uuid(4) } }),
    );
    renameSync(next, home.mapPath);
    const { status, stdout, stderr } = await run.goOn();

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(home.map).toEqual({ 'claude-cli': { late: uuid(3), new: uuid(4) } });
    const { sessions, summary } = JSON.parse(stdout);
    expect(sessions.map(({ action }: { action: string }) => action)).toEqual(['kept', 'removed']);
    expect(summary.removed).toBe(1);
  });
});
