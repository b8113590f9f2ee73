// Tries what a sandbox should stop, and what it should let through; prints each outcome as JSON.
// probe.mjs HOME SESSION_DIR KOFFI PORT FOREIGN_ADDRESS

import { createSocket } from 'node:dgram';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [home, sessions, koffiPath, port, foreign] = process.argv.slice(2);

const attempt = (action) => {
  try {
    action();
    return 'done';
  } catch (error) {
    return error.code ?? String(error);
  }
};

const writing = (directory) =>
  attempt(() => {
    const file = `${directory}/.probe`;
    writeFileSync(file, '');
    rmSync(file);
  });

/** What becomes of a connection; `nothing` when no answer comes at all. */
const reaching = async (host) => {
  const socket = connect({ host, port: Number(port) });
  const outcome = new Promise((resolve) => {
    socket.once('connect', () => resolve('done'));
    socket.once('error', (error) => resolve(error.code));
  });
  const winner = await Promise.race([outcome, sleep(3000, 'nothing')]);
  socket.destroy();
  return winner;
};

const sending = (address) =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', (error) => resolve(error.code));
    socket.send('x', 9, address, (error) => {
      socket.close();
      resolve(error ? error.code : 'done');
    });
  });

const koffi = createRequire(import.meta.url)(koffiPath);
const libc = koffi.load(null);

/** The kernel's exchange of two names, which a commit needs, through the native package. */
const exchanging = () => {
  const renameat2 = libc.func('int renameat2(int, const char *, int, const char *, unsigned int)');
  const [a, b] = [`${sessions}/.probe-a`, `${sessions}/.probe-b`];
  writeFileSync(a, 'a');
  writeFileSync(b, 'b');
  const status = renameat2(-100, a, -100, b, 2);
  const swapped = readFileSync(a, 'utf8') === 'b';
  for (const file of [a, b]) rmSync(file);
  return status === 0 && swapped;
};

/** A read lease on a file of one's own, which a commit takes, too. */
const leasing = () => {
  const fcntl = libc.func('int fcntl(int, int, int)');
  const file = `${sessions}/.probe`;
  writeFileSync(file, '');
  const descriptor = openSync(file, 'r');
  const [setLease, read, getLease] = [1024, 0, 1025];
  const status = fcntl(descriptor, setLease, read);
  const held = fcntl(descriptor, getLease, 0) === read;
  closeSync(descriptor);
  rmSync(file);
  return status === 0 && held;
};

console.log(
  JSON.stringify({
    reads: { home: attempt(() => readFileSync(`${home}/.claude/projects/mark`)) },
    writes: {
      sessions: writing(sessions),
      home: writing(home),
      claude: writing(`${home}/.claude`),
      tmp: writing('/tmp'),
      varTmp: writing('/var/tmp'),
      lock: writing('/run/lock'),
      sharedMemory: writing('/dev/shm'),
      elsewhere: writing('/srv/open-to-all'),
      newDirectory: attempt(() => mkdirSync('/tmp/.probe-directory')),
    },
    exchangesNames: exchanging(),
    takesLeases: leasing(),
    network: {
      loopback: await reaching('127.0.0.1'),
      byName: await reaching('localhost'),
      foreign: await reaching(foreign),
      foreignDatagram: await sending(foreign),
    },
  }),
);
process.exit();
