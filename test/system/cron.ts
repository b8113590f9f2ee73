import { readFile } from 'node:fs/promises';
import { deb } from './debs.js';
import type { Machine } from './machine.js';
import { USER } from './test.js';

/** What the installer gives the bridge's user, below the home directory. */
export const JOB = '.config/claude-session-cleanup/default.sh';
export const LOG = '.local/state/claude-session-cleanup/default.log';
export const HOME = `/home/${USER}`;

/** Debian's cron, installed and started. */
export async function installCron(machine: Machine): Promise<void> {
  for (const name of ['cron-daemon-common', 'cron']) {
    await machine.write(`/tmp/${name}.deb`, await readFile(await deb(name)));
    await machine.run(
      `DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/${name}.deb; rm /tmp/${name}.deb`,
    );
  }
  await machine.run('systemctl start cron');
}
