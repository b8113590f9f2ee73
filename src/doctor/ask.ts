import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';

const ASK_TIMEOUT_MS = 5000;

/**
 * Asks another program, in English, in UTC and without a pager.
 *
 * @returns its two outputs; `answered` is false when it failed, is not there or took too long
 */
export function ask([command = '', ...args]: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: ASK_TIMEOUT_MS,
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC', SYSTEMD_PAGER: '', SYSTEMD_COLORS: '0' },
  });
  return { answered: status === 0, stdout: stdout ?? '', stderr: error?.message ?? stderr };
}

/** The names in a directory; none when it can't be read. */
export function namesIn(directory: string): string[] {
  return orElse([], () => readdirSync(directory));
}

/** When a file was last written, ms since the epoch; undefined when it can't be looked at. */
export function writtenAt(path: string): number | undefined {
  return orElse(undefined, () => statSync(path).mtimeMs);
}

function orElse<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
