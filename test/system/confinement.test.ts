/** What the services' sandboxes let through, and what not. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { makeChats } from './chats.js';
import type { Machine } from './machine.js';
import { asUser, describeSystem, INSTALL, PACKAGE, SESSIONS, test, USER } from './test.js';

const SERVICE = 'claude-session-cleanup.service';
const PORT = 8000;
/** Reserved for documentation: an address of nobody's, given to the machine itself. */
const FOREIGN = '192.0.2.1';
const PROBE = [
  'node /opt/probe.mjs',
  `/home/${USER} ${SESSIONS} ${PACKAGE}/node_modules/koffi ${PORT} ${FOREIGN}`,
].join(' ');

const ONLY_THE_MAP = {
  sessions: 'done',
  home: 'EROFS',
  claude: 'EROFS',
  tmp: 'EROFS',
  varTmp: 'EROFS',
  lock: 'EROFS',
  sharedMemory: 'EROFS',
  elsewhere: 'EROFS',
  newDirectory: 'EROFS',
};
const NO_NETWORK = {
  loopback: 'EAFNOSUPPORT',
  byName: 'EAFNOSUPPORT',
  foreign: 'EAFNOSUPPORT',
  foreignDatagram: 'EAFNOSUPPORT',
};

describeSystem('the sandbox', () => {
  test('is what stops the probe, which can do all of it outside', async ({ machine }) => {
    await prepare(machine);
    const { reads, writes, network } = JSON.parse(await asUser(machine, PROBE));
    const outcomes = [reads, writes, network].flatMap((group) => Object.values(group));
    expect(new Set(outcomes)).toEqual(new Set(['done']));
  });

  test("lets the system service write in the map's directory only, with no network", async ({
    machine,
  }) => {
    await prepare(machine);
    await machine.run(`${INSTALL} --systemd`);
    expect(await probeInService(machine)).toEqual({
      reads: { home: 'done' },
      writes: ONLY_THE_MAP,
      exchangesNames: true,
      takesLeases: true,
      network: NO_NETWORK,
    });
  });

  test("lets a user's own service do no more than that", async ({ machine }) => {
    await prepare(machine);
    await machine.run(`loginctl enable-linger ${USER}`);
    await asUser(machine, `${INSTALL} --user`);
    expect(await probeInUserService(machine)).toEqual({
      reads: { home: 'done' },
      writes: ONLY_THE_MAP,
      exchangesNames: true,
      takesLeases: true,
      network: NO_NETWORK,
    });
  });

  test('opens to the loopback with --bridge-url, and to nothing else', async ({ machine }) => {
    await prepare(machine);
    await machine.run(`${INSTALL} --systemd --bridge-url http://127.0.0.1:${PORT}`);
    const { writes, network } = await probeInService(machine);
    expect(writes).toEqual(ONLY_THE_MAP);
    expect(network).toEqual({
      loopback: 'done',
      byName: 'done',
      foreign: 'nothing',
      foreignDatagram: 'EPERM',
    });
  });
});

describeSystem('a run of the system service', () => {
  test("leaves alone what its user's other processes share in memory", async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.run(`${INSTALL} --systemd`);
    // Of the user, and below no unit of the user's, as nohup, docker or supervisord start a bridge.
    await machine.run(
      `systemctl stop user@$(id -u ${USER})
       setpriv --reuid ${USER} --regid ${USER} --clear-groups sh -c '
         echo shared >/dev/shm/bridge; ipcmk --queue; ipcmk --semaphore 1; ipcmk --shmem 4096'`,
    );
    const shared = `ls /dev/shm; ipcs | grep ${USER}`;
    const before = await machine.run(shared);
    await machine.run(`systemctl start ${SERVICE}`);
    // PID 1 removes it after the unit has stopped, and before it starts another one of that user's.
    await machine.run(`systemd-run --quiet --wait -p User=${USER} -p RemoveIPC=no true`);
    expect(await machine.run(shared)).toBe(before);
  });
});

/** A map, a file to read, a place open to all, and a server on every address of the machine. */
async function prepare(machine: Machine): Promise<void> {
  await makeChats(machine, { user: USER, dir: SESSIONS });
  await machine.write('/opt/probe.mjs', await readFile(join(import.meta.dirname, 'probe.mjs')));
  await machine.write(
    '/opt/server.mjs',
    `import { createServer } from 'node:http';
     const server = createServer((_, response) => response.end('{"sessions": {}}'));
     server.listen(${PORT}, '::');`,
  );
  await machine.run(
    `install -d -m 1777 /srv/open-to-all
     touch /home/${USER}/.claude/projects/mark
     ip link set lo up; ip address add ${FOREIGN}/32 dev lo
     systemd-run --quiet --unit=server node /opt/server.mjs`,
  );
  await machine.until(`curl --silent http://127.0.0.1:${PORT}`);
}

const DROP_IN = `[Service]
ExecStart=
ExecStart=/usr/bin/env ${PROBE}
`;

async function probeInService(machine: Machine): Promise<Outcome> {
  await machine.write(`/etc/systemd/system/${SERVICE}.d/probe.conf`, DROP_IN);
  await machine.run(`systemctl daemon-reload; systemctl start ${SERVICE}; journalctl --sync`);
  return outcome(await machine.run(`journalctl -o cat _SYSTEMD_UNIT=${SERVICE}`));
}

async function probeInUserService(machine: Machine): Promise<Outcome> {
  const file = `.config/systemd/user/${SERVICE}.d/probe.conf`;
  await asUser(machine, `cat >${file}`, DROP_IN);
  await asUser(machine, `systemctl --user daemon-reload && systemctl --user start ${SERVICE}`);
  return outcome(
    await machine.run(`journalctl --sync; journalctl -o cat _SYSTEMD_USER_UNIT=${SERVICE}`),
  );
}

interface Outcome {
  readonly writes: unknown;
  readonly network: unknown;
}

function outcome(journal: string): Outcome {
  const line = journal.split('\n').findLast((candidate) => candidate.startsWith('{"reads"'));
  return JSON.parse(line ?? 'null');
}
