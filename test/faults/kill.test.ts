import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';
import { installedNode, installedProgram } from '../support/program.js';
import { describeWith } from '../support/requirements.js';
import { callsUnderLock, describeCall, type SystemCall } from './system-calls.js';

const FAULTS = ['KILL', 'EIO', 'ENOSPC', 'EACCES', 'EINTR'] as const;
type Fault = (typeof FAULTS)[number];

// All that can fail or matter; not memory, threads and clocks.
const TRACED = ['%file', '%desc', 'fsync', 'fdatasync', 'ftruncate'].join(',');
// Node itself aborts on an error that no file system gives: closing a file that was read.
const NODE_ASSERTION = /Assertion failed/;

const OLD = `{"claude-cli": {"a": "${uuid(1)}", "b": "${uuid(2)}", "c": "${uuid(3)}"}, "codex-cli": {}}`;
const NEW = `{"claude-cli": {"b": "${uuid(2)}"}, "codex-cli": {}}`;
// A fault in looking at one transcript keeps that one's mapping.
const WHOLE = [
  OLD,
  NEW,
  `{"claude-cli": {"a": "${uuid(1)}", "b": "${uuid(2)}"}, "codex-cli": {}}`,
  `{"claude-cli": {"b": "${uuid(2)}", "c": "${uuid(3)}"}, "codex-cli": {}}`,
];

function homeToClean(): Home {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.claude(uuid(2), 0.1);
  home.claude(uuid(3), 5);
  home.writeMap(OLD);
  return home;
}

/** Runs the program under strace. */
async function traced(home: Home, flags: readonly string[], env: Record<string, string>) {
  const args = ['-f', '-qq', ...flags, installedNode(), installedProgram(), '-q'];
  const child = spawn('strace', args, {
    env: {
      PATH: process.env['PATH'],
      HOME: home.dir,
      CLAUDE_SESSION_DIR: home.sessionDir,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { status, stderr };
}

/** What is wrong after a fault, and after the next run; nothing when all is well. */
async function wrongAfter(call: SystemCall, fault: Fault, env: Record<string, string>) {
  const home = homeToClean();
  const effect = fault === 'KILL' ? 'signal=KILL' : `error=${fault}`;
  const inject = `inject=${call.name}:${effect}:when=${call.when}`;
  const { status, stderr } = await traced(
    home,
    ['-o', '/dev/null', '-e', `trace=${call.name}`, '-e', inject],
    env,
  );
  const wrong: string[] = [];
  const after = existsSync(home.mapPath) ? home.mapText : 'no map';
  if (!WHOLE.includes(after)) wrong.push(`the map is ${after}`);
  const gone = ['a', 'c'].filter((chat) => !after.includes(`"${chat}":`));
  const missing = gone.length === 0 ? [] : await notRestorable(home, gone, env);
  if (missing.length > 0) wrong.push(`it can not restore ${missing.join(', ')}`);
  const isOver = fault === 'KILL' || NODE_ASSERTION.test(stderr);
  if (!isOver && /internal error|\n +at /.test(stderr)) wrong.push(`it says ${stderr}`);
  if (!isOver && after !== NEW && status === 0) wrong.push('it did not clean and exits 0');

  const next = await home.run(['-q'], { env });
  if (next.status !== 0) wrong.push(`the next run exits ${next.status}: ${next.stderr}`);
  if (home.mapText !== NEW) wrong.push(`the next run leaves ${home.mapText}`);
  const left = home.beside.filter((name) => name.startsWith('.'));
  if (left.length > 0) wrong.push(`the next run leaves ${left.join(', ')}`);
  return wrong.map((what) => `${describeCall(call)}, ${fault}: ${what}`);
}

/** Those of these chats that `restore` does not know. */
async function notRestorable(home: Home, chats: string[], env: Record<string, string>) {
  const { stdout } = await home.run(['restore', '--json'], { env });
  return chats.filter((chat) => !stdout.includes(`"chat": "${chat}"`));
}

/** Does all the work with as many at once as there are processors. */
async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, worker));
}

describeWith({ root: true, commands: ['strace'] })(
  'a fault at any system call under the lock',
  () => {
    const lines: string[] = [];
    afterAll(() => {
      for (const line of lines) console.log(line);
    });

    it.each([
      ['with an exchange of names', {}],
      ['without it', {}],
    ])(
      '%s leaves a whole map, and the next run clears up',
      { timeout: 1_800_000 },
      async (name, env) => {
        const home = homeToClean();
        const trace = join(home.dir, 'trace');
        await traced(home, ['-y', '-o', trace, '-e', `trace=${TRACED}`], env);
        expect(home.mapText).toBe(NEW);
        const calls = callsUnderLock(trace, home.dir);
        expect(calls.map((call) => call.name)).toEqual(expect.arrayContaining(['fsync', 'openat']));

        const wrong: string[] = [];
        const faults = calls.flatMap((call) => FAULTS.map((fault) => ({ call, fault })));
        await forEach(faults, async ({ call, fault }) => {
          wrong.push(...(await wrongAfter(call, fault, env)));
        });
        lines.push(
          `${name}: ${faults.length} faults at ${calls.length} system calls tried, ${wrong.length} left something wrong`,
        );
        expect(wrong).toEqual([]);
      },
    );
  },
);
