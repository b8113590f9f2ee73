import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** What a command that has ended left. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever that is. */
export async function attempt(
  command: readonly [string, ...string[]],
  input: string | Uint8Array = '',
): Promise<Ended> {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: 'pipe' });
  child.stdin.on('error', () => {}); // it need not read what it is given
  child.stdin.end(input);
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { status: status ?? -1, stdout, stderr };
}

/**
 * Runs a command that is to succeed.
 *
 * @returns what it printed on standard output
 * @throws Error with all that it printed when it failed
 */
export async function run(
  command: readonly [string, ...string[]],
  input: string | Uint8Array = '',
): Promise<string> {
  const { status, stdout, stderr } = await attempt(command, input);
  if (status === 0) return stdout;
  throw new Error(`status ${status}: ${command.join(' ')}\n${stdout}${stderr}`);
}
