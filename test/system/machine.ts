import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, type Ended, run } from './command.js';

const WITH_SYSTEMD = join(import.meta.dirname, 'with-systemd');
const PATIENCE_MS = 150_000;
const PAUSE_MS = 50;

/** A throw-away machine with a real systemd: what it writes is gone when it ends. */
export class Machine {
  readonly #sandbox: ChildProcess;
  readonly #enter: readonly [string, ...string[]];

  private constructor(sandbox: ChildProcess, init: string) {
    this.#sandbox = sandbox;
    // A scope gives what we start a place in the machine's cgroups.
    this.#enter = [
      ...['nsenter', '--target', init, '--all', 'env', '-i', '-C', '/'],
      ...[
        'HOME=/root',
        'LANG=C.UTF-8',
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ],
      ...['systemd-run', '--quiet', '--scope', '--', 'bash', '--norc', '-euo', 'pipefail', '-c'],
    ] as [string, ...string[]];
  }

  static async boot(): Promise<Machine> {
    const sandbox = spawn(
      'setpriv',
      ['--pdeathsig', 'TERM', WITH_SYSTEMD, '--keep', '--', 'true'],
      {
        cwd: '/',
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    const said: string[] = [];
    for await (const line of createInterface(sandbox.stderr)) {
      const init = /nsenter -t (\d+) /.exec(line)?.[1];
      if (init !== undefined) return new Machine(sandbox, init);
      said.push(line);
    }
    throw new Error(`no systemd: ${said.join('\n')}`);
  }

  async end(): Promise<void> {
    const ended = once(this.#sandbox, 'exit');
    this.#sandbox.kill('SIGTERM');
    await ended;
  }

  /** Runs a shell script as root to its end, whatever that is. */
  attempt(script: string, input: string | Uint8Array = ''): Promise<Ended> {
    return attempt([...this.#enter, script], input);
  }

  /** Runs a shell script as root that is to succeed, and returns what it printed. */
  run(script: string, input: string | Uint8Array = ''): Promise<string> {
    return run([...this.#enter, script], input);
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    // A link is replaced: the sandbox's devices, which some lead to, are the machine's own.
    const file = quote(path);
    await this.run(`mkdir -p ${quote(dirname(path))}; rm -f ${file}; cat >${file}`, content);
  }

  read(path: string): Promise<string> {
    return this.run(`cat ${quote(path)}`);
  }

  /** Waits until a shell script succeeds. */
  async until(script: string): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const last = await this.attempt(script);
      if (last.status === 0) return;
      if (performance.now() > deadline) {
        throw new Error(`still not so: ${script}\n${last.stdout}${last.stderr}`);
      }
      await sleep(PAUSE_MS);
    }
  }
}

/** One word for the shell, whatever is in it. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
