import { join } from 'node:path';
import { attempt } from './command.js';
import { unpacked } from './debs.js';

/** The path of shellcheck: what is installed, or else Debian's. */
export async function shellcheck(): Promise<string> {
  const { status, stdout } = await attempt(['sh', '-c', 'command -v shellcheck']);
  return status === 0 ? stdout.trim() : join(await unpacked('shellcheck'), 'usr/bin/shellcheck');
}
