import { spawnSync } from 'node:child_process';

const ASK_TIMEOUT_MS = 5000;

/** What a command answered; `answered` is false when it failed, is not there or took too long. */
export interface Answer {
  readonly answered: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Asks another program, in English, in UTC and without a pager. */
export function ask([command = '', ...args]: readonly string[]): Answer {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: ASK_TIMEOUT_MS,
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC', SYSTEMD_PAGER: '', SYSTEMD_COLORS: '0' },
  });
  return {
    answered: status === 0,
    stdout: stdout ?? '',
    stderr: error?.message ?? stderr.trim(),
  };
}
