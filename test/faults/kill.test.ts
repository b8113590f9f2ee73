import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';
import { installedNode, installedProgram } from '../support/program.js';
import { describeWith } from '../support/requirements.js';
import { callsUnderLock, describeCall, type SystemCall } from './system-calls.js';

type Fault = 'KILL' | 'EIO' | 'ENOSPC' | 'EDQUOT' | 'EACCES' | 'EINTR';

// All that can fail or matter; not memory, threads and clocks.
const TRACED = '%file,%desc';
// Calls that change nothing: a kill at one of them finds the same files as at the change before it.
const LOOKING =
  /^(statx|newfstatat|l?stat|fstat|read|pread64|getdents64|readlink|close|lseek|fcntl|flistxattr|access)$/;
// Looking for processes opens a file for each that happens to run, and calls are told by their number.
const ARGS = ['-q', '--no-keep-running'];
// Many times what a run takes: one that is not over by then hangs.
const LIMIT_MS = 60_000;

/** What can befall a call. */
function faultsAt({ name }: SystemCall): Fault[] {
  return LOOKING.test(name)
    ? ['EIO', 'EACCES', 'EINTR']
    : ['KILL', 'EIO', 'ENOSPC', 'EDQUOT', 'EACCES', 'EINTR'];
}

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

/** Runs the program under strace; its status is null when it hangs. */
async function traced(home: Home, flags: readonly string[]) {
  const args = [
    '-f',
    '-qq',
    '--seccomp-bpf',
    ...flags,
    installedNode(),
    installedProgram(),
    ...ARGS,
  ];
  const child = spawn('strace', args, {
    env: { PATH: process.env['PATH'], HOME: home.dir, CLAUDE_SESSION_DIR: home.sessionDir },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  let hangs = false;
  const limit = setTimeout(() => {
    hangs = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, LIMIT_MS);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearTimeout(limit);
  return { status, stderr, hangs };
}

/** What is wrong after a fault, and after the next run; nothing when all is well. */
async function wrongAfter(call: SystemCall, fault: Fault, always: readonly string[]) {
  const home = homeToClean();
  const effect = fault === 'KILL' ? 'signal=KILL' : `error=${fault}`;
  const inject = `inject=${call.name}:${effect}:when=${call.when}`;
  const names = [call.name, ...always.map((one) => one.split(':', 1)[0])];
  const { status, stderr, hangs } = await traced(home, [
    ...['-o', '/dev/null', '-e', `trace=${names.join(',')}`, '-e', inject],
    ...always.flatMap((one) => ['-e', `inject=${one}`]),
  ]);
  const wrong: string[] = [];
  if (hangs) wrong.push('it hangs');
  const after = existsSync(home.mapPath) ? home.mapText : 'no map';
  if (!WHOLE.includes(after)) wrong.push(`the map is ${after}`);
  const gone = ['a', 'c'].filter((chat) => !after.includes(`"${chat}":`));
  const isOver = fault === 'KILL' || NODE_ASSERTION.test(stderr);
  if (!isOver && /internal error|\n +at /.test(stderr)) wrong.push(`it says ${stderr}`);
  if (!isOver && after !== NEW && status === 0) wrong.push('it did not clean and exits 0');
  if (status !== 0) {
    const missing = gone.length === 0 ? [] : await notRestorable(home, gone);
    if (missing.length > 0) wrong.push(`it can not restore ${missing.join(', ')}`);
  }

  if (status !== 0 || after !== NEW || leftIn(home).length > 0) {
    const next = await home.run(ARGS);
    if (next.status !== 0) wrong.push(`the next run exits ${next.status}: ${next.stderr}`);
    if (home.mapText !== NEW) wrong.push(`the next run leaves ${home.mapText}`);
    const left = leftIn(home);
    if (left.length > 0) wrong.push(`the next run leaves ${left.join(', ')}`);
  }
  return wrong.map((what) => `${describeCall(call)}, ${fault}: ${what}`);
}

function leftIn(home: Home): string[] {
  return home.beside.filter((name) => name.startsWith('.'));
}

/** Those of these chats that `restore` does not know. */
async function notRestorable(home: Home, chats: string[]) {
  const { stdout } = await home.run(['restore', '--json']);
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
      ['with an exchange of names', []],
      ['without it', ['renameat2:error=EINVAL']],
    ])(
      '%s leaves a whole map, and the next run clears up',
      { timeout: 1_800_000 },
      async (name, always) => {
        const home = homeToClean();
        const trace = join(home.dir, 'trace');
        const injected = always.flatMap((one) => ['-e', `inject=${one}`]);
        await traced(home, ['-y', '-o', trace, '-e', `trace=${TRACED}`, ...injected]);
        expect(home.mapText).toBe(NEW);
        const all = callsUnderLock(trace, home.dir);
        expect(all.map((call) => call.name)).toEqual(expect.arrayContaining(['fsync', 'openat']));
        // Without an exchange most is as with it: what follows the exchange that failed differs.
        const from = always.length === 0 ? 0 : all.findIndex((call) => call.name === 'renameat2');
        const calls = all.slice(from).filter(({ name }) => name !== 'renameat2' || from === 0);

        const wrong: string[] = [];
        const faults = calls.flatMap((call) => faultsAt(call).map((fault) => ({ call, fault })));
        await forEach(faults, async ({ call, fault }) => {
          wrong.push(...(await wrongAfter(call, fault, always)));
        });
        lines.push(
          `${name}: ${faults.length} faults at ${calls.length} system calls tried, ${wrong.length} left something wrong`,
        );
        expect(wrong).toEqual([]);
      },
    );
  },
);
