import { readFile } from 'node:fs/promises';
import { test as base, describe, inject } from 'vitest';
import { Machine, quote } from './machine.js';
import { missingRequirement } from './requirements.js';

/** Where the package lies on the machine, as `npm install --global` puts it. */
export const PACKAGE = '/opt/npm/lib/node_modules/claude-session-cleanup';
export const INSTALL = `${PACKAGE}/scripts/install.sh`;
/** The bridge's user. */
export const USER = 'bridge';
/** Where the bridge's map lies by default. */
export const SESSIONS = '/tmp/claude_sessions';

/** As vitest's own, with a freshly booted machine that has the package, and the bridge's user. */
export const test = base.extend<{ machine: Machine }>({
  machine: async ({ task }, use) => {
    const machine = await Machine.boot();
    try {
      await machine.run(
        `mkdir -p ${PACKAGE} && tar -x --strip-components=1 --no-same-owner -C ${PACKAGE}
         mount -t tmpfs -o mode=1777 tmpfs /tmp
         useradd --create-home --shell /bin/bash ${USER}`,
        await readFile(inject('packageTar')),
      );
      await use(machine);
      if (task.result?.state === 'fail') {
        console.error(
          await machine.run(
            'journalctl --sync; journalctl --no-hostname -t claude-session-cleanup -t systemd -n 30',
          ),
        );
      }
    } finally {
      await machine.end();
    }
  },
});

export const describeSystem = describe.skipIf(missingRequirement() !== undefined);

/** Runs a shell script as the bridge's user, logged in. */
export function asUser(machine: Machine, script: string, input = ''): Promise<string> {
  return machine.run(`runuser -l ${USER} -c ${quote(script)}`, input);
}
