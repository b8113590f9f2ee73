/** A running bridge, which has its map in memory, gets to know what was removed. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { chatsLeft, makeChats } from './chats.js';
import type { Machine } from './machine.js';
import { asUser, describeSystem, INSTALL, PACKAGE, SESSIONS, test, USER } from './test.js';

const PORT = 8000;
const BRIDGE = `http://127.0.0.1:${PORT}`;
const CLEAN = 'systemctl start claude-session-cleanup.service';

describeSystem('with --bridge-unit', () => {
  test('the bridge is restarted after a run that removed mappings, and only then', async ({
    machine,
  }) => {
    await startBridge(machine);
    await machine.run(`${INSTALL} --systemd --bridge-unit chat-bridge`);
    const doctor = await asUser(machine, `${PACKAGE}/bin/claude-session-cleanup.js doctor`);
    expect(doctor).toContain('bridge: its unit is restarted after a run that removed mappings');
    const first = await processOf(machine);

    await machine.run(CLEAN);
    await machine.until(
      `[ "$(${PROCESS})" != ${first} ] && [ '["new"]' = "$(${CHATS_IN_MEMORY})" ]`,
    );
    await newChat(machine);
    await machine.run(chatsLeft(SESSIONS, ['new', 'next']));

    const second = await processOf(machine);
    await machine.run(
      `${CLEAN}; systemctl start chat-bridge; ls -d /run/claude-session-cleanup* || true`,
    );
    expect(await processOf(machine)).toBe(second);
    expect(await machine.run('systemctl list-jobs --no-legend')).toBe('');
  });

  test('and an --on-change of its owner exclude each other, and none wins in silence', async ({
    machine,
  }) => {
    await startBridge(machine);
    await machine.run(
      `${INSTALL} --systemd --bridge-unit chat-bridge
       sed -i 's/^CLEANUP_ARGS=.*/CLEANUP_ARGS="--on-change true"/' /etc/claude-session-cleanup/default.env`,
    );
    const { status, stderr } = await machine.attempt(`${INSTALL} --systemd`);
    expect(status).toBe(1);
    expect(stderr).toContain('the --on-change in CLEANUP_ARGS');
    const before = await processOf(machine);
    await machine.run(CLEAN);
    await machine.until(`[ "$(${PROCESS})" != ${before} ]`);
  });

  test('a bridge that can reload is not restarted, and one that is stopped not started', async ({
    machine,
  }) => {
    await startBridge(machine, 'ExecReload=/bin/kill -HUP $MAINPID');
    await machine.run(`${INSTALL} --systemd --bridge-unit chat-bridge.service`);
    const before = await processOf(machine);
    await machine.run(CLEAN);
    await machine.until(`[ '["new"]' = "$(${CHATS_IN_MEMORY})" ]`);
    expect(await processOf(machine)).toBe(before);

    await machine.run('systemctl stop chat-bridge');
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    await machine.run(CLEAN);
    await machine.run(chatsLeft(SESSIONS, []));
    expect((await machine.attempt('systemctl is-active chat-bridge')).stdout).toBe('inactive\n');
  });

  test('it is done with the rights of the system, and no mark of the user makes more of it', async ({
    machine,
  }) => {
    await startBridge(machine);
    await machine.run(`${INSTALL} --systemd --bridge-unit chat-bridge`);
    // The mark is a link to somewhere: it is looked at, and neither followed nor written.
    await machine.write(
      '/etc/systemd/system/claude-session-cleanup.service.d/zz.conf',
      '[Service]\nExecStart=\nExecStart=/bin/ln -s /etc/shadow %t/%N/removed\n',
    );
    const shadow = await machine.run('stat -c "%a %U %Y %s" /etc/shadow');
    const before = await processOf(machine);
    await machine.run(`systemctl daemon-reload; ${CLEAN}`);
    await machine.until(`[ "$(${PROCESS})" != ${before} ]`);
    expect(await machine.run('stat -c "%a %U %Y %s" /etc/shadow')).toBe(shadow);
    expect((await machine.attempt('ls -d /run/claude-session-cleanup*')).stdout).toBe('');
  });

  test("a user's own service restarts a bridge that is a service of the same user", async ({
    machine,
  }) => {
    await machine.run(`loginctl enable-linger ${USER}`);
    await prepareBridge(machine);
    await asUser(
      machine,
      `mkdir -p .config/systemd/user; cat >.config/systemd/user/chat-bridge.service
       systemctl --user daemon-reload; systemctl --user start chat-bridge`,
      bridgeUnit(),
    );
    await machine.until(CHATS_IN_MEMORY);
    await asUser(machine, `${INSTALL} --user --bridge-unit chat-bridge`);
    await asUser(machine, 'systemctl --user start claude-session-cleanup');
    await machine.until(`[ '["new"]' = "$(${CHATS_IN_MEMORY})" ]`);
    const warnings = 'journalctl --quiet --user --priority warning --output cat';
    expect(await asUser(machine, warnings)).toBe('');
  });
});

describeSystem('with --bridge-url', () => {
  test('the bridge is asked to forget, from inside of the sandbox', async ({ machine }) => {
    await startBridge(machine);
    const before = await processOf(machine);
    const printed = await machine.run(`${INSTALL} --systemd --bridge-url ${BRIDGE}`);
    expect(printed).toContain(`bridge: ${BRIDGE}/ has 2 mappings, the same as the file`);

    await machine.run(CLEAN);
    expect(await machine.run(CHATS_IN_MEMORY)).toBe('["new"]\n');
    // The page asks the bridge that the last run asked.
    const page = await asUser(machine, `${PACKAGE}/bin/claude-session-cleanup.js doctor`);
    expect(page).toContain(`bridge: ${BRIDGE}/ has 1 mapping, the same as the file`);
    expect(page).not.toContain('does not look');
    await newChat(machine);
    await machine.run(chatsLeft(SESSIONS, ['new', 'next']));
    expect(await processOf(machine)).toBe(before);
  });

  test('an address where nothing answers is said, and kept', async ({ machine }) => {
    await prepareBridge(machine);
    const { status, stderr } = await machine.attempt(`${INSTALL} --systemd --bridge-url ${BRIDGE}`);
    expect(stderr).toMatch(new RegExp(`^install.sh: warning: bridge: .*${BRIDGE}`, 'm'));
    expect(status).toBe(0);
  });
});

describeSystem("the installer's terminal", () => {
  test('is not steered by what a bridge answers', async ({ machine }) => {
    await machine.write(
      '/opt/server.mjs',
      `import { createServer } from 'node:http';
       createServer((_, response) => response.end('\\x1b]0;owned\\x07')).listen(${PORT});`,
    );
    await machine.run('ip link set lo up; systemd-run --quiet --unit=server node /opt/server.mjs');
    await machine.until(`curl --silent --output /dev/null ${BRIDGE}`);
    const { stderr } = await machine.attempt(
      `${INSTALL} --systemd --run-as ${USER} --bridge-url ${BRIDGE} 2>&1 >/dev/null | cat -v >&2`,
    );
    expect(stderr).toContain('warning: bridge: ');
    expect(stderr).not.toMatch(/\^[[G]/);
  });
});

async function prepareBridge(machine: Machine): Promise<void> {
  await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'], active: ['new'] });
  const program = await readFile(join(import.meta.dirname, 'stand-in-bridge.mjs'));
  await machine.write('/opt/stand-in-bridge.mjs', program);
}

function bridgeUnit(more = ''): string {
  return `[Service]
ExecStart=/usr/bin/env node /opt/stand-in-bridge.mjs ${SESSIONS}/session_map.json ${PORT}
${more}
`;
}

async function startBridge(machine: Machine, more = ''): Promise<void> {
  await prepareBridge(machine);
  await machine.write(
    '/etc/systemd/system/chat-bridge.service',
    bridgeUnit(`User=${USER}\n${more}`),
  );
  await machine.run('systemctl daemon-reload; systemctl start chat-bridge');
  await machine.until(CHATS_IN_MEMORY);
}

/** Prints the chats that the bridge has in its memory. */
const CHATS_IN_MEMORY = `curl --silent --fail ${BRIDGE}/sessions |
  node -p 'JSON.stringify(Object.keys(JSON.parse(require("fs").readFileSync(0)).sessions["claude-cli"]))'`;

const PROCESS = 'systemctl show -P MainPID chat-bridge';

async function processOf(machine: Machine): Promise<string> {
  return (await machine.run(PROCESS)).trim();
}

/** A new chat makes the bridge write its whole memory. */
async function newChat(machine: Machine): Promise<void> {
  const session = randomUUID();
  await asUser(machine, `touch .claude/projects/-work/${session}.jsonl`);
  await machine.run(`curl --silent --fail -X POST '${BRIDGE}/chats/next?session=${session}'`);
}
