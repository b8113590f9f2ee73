/** The service and its timer, as the installer leaves them, doing their work. */
import { expect } from 'vitest';
import { chatsLeft, makeChats } from './chats.js';
import { EVERY_THREE_SECONDS } from './every-three-seconds.js';
import { describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

const SERVICE = 'claude-session-cleanup.service';

describeSystem('the system service', () => {
  test('is installed with one command, and its timer cleans the map', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'], active: ['new'] });
    await machine.run(`${INSTALL} --systemd --run-as ${USER} --session-dir ${SESSIONS} --hours 2`);
    await machine.run(`${chatsLeft(SESSIONS, ['old', 'new'])}`);

    await machine.write(
      '/etc/systemd/system/claude-session-cleanup.timer.d/test.conf',
      EVERY_THREE_SECONDS,
    );
    await machine.run('systemctl daemon-reload');

    await machine.until(chatsLeft(SESSIONS, ['new']));
    expect(await machine.run(`stat -c %U ${SESSIONS}/session_map.json`)).toBe(`${USER}\n`);
    await machine.until(`systemctl show -P LastTriggerUSec claude-session-cleanup.timer | grep .`);
    expect(await machine.run(`systemctl show -P Result ${SERVICE}`)).toBe('success\n');
    expect(await machine.run('systemctl list-timers --no-legend')).toContain(SERVICE);
  });

  test('has nothing to do before there is a map, and cleans it when there is one', async ({
    machine,
  }) => {
    const { stderr } = await machine.attempt(`${INSTALL} --systemd --run-as ${USER}`);
    expect(stderr).toContain(`there is no ${SESSIONS} yet`);
    await machine.run(`systemctl start ${SERVICE}`);
    expect(await machine.run(`journalctl --sync; journalctl -u ${SERVICE} -o cat`)).toContain(
      `No session map at ${SESSIONS}/session_map.json yet`,
    );

    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'], active: ['new'] });
    await machine.run(`systemctl start ${SERVICE}`);
    await machine.run(chatsLeft(SESSIONS, ['new']));
  });

  test("gets the map's directory back when a reboot has emptied /tmp", async ({ machine }) => {
    await machine.run(`${INSTALL} --systemd --run-as ${USER}`);
    await machine.run('systemd-tmpfiles --create --boot');
    expect(await machine.run(`stat -c '%a %U %G' ${SESSIONS}`)).toBe(`700 ${USER} ${USER}\n`);
  });

  test("leaves the map's directory as the bridge has made it, and saves it from ageing", async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    await machine.run(
      `chown ${USER}:daemon ${SESSIONS} && chmod 750 ${SESSIONS} && mkdir /tmp/other`,
    );
    await machine.run(`${INSTALL} --systemd`);

    await machine.write('/etc/tmpfiles.d/ageing.conf', 'q /tmp 1777 root root 1s\n');
    await machine.until('systemd-tmpfiles --clean && [ ! -e /tmp/other ]');
    expect(await machine.run(`stat -c '%a %U %G' ${SESSIONS}`)).toBe(`750 ${USER} daemon\n`);
    await machine.run(chatsLeft(SESSIONS, ['old']));
  });
});

describeSystem("the installer's dry run", () => {
  test('leaves no further one behind, even when it is killed', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'], active: ['new'] });
    await machine.run(`${INSTALL} --systemd; ls -d /run/claude-session-cleanup* && exit 1 || true`);
    // As kill -9 leaves it, before the service has started.
    await machine.run(`echo DRY_RUN=1 >/run/claude-session-cleanup-trial.env`);
    await machine.run(`systemctl start ${SERVICE}`);
    await machine.run(chatsLeft(SESSIONS, ['old', 'new']));
    await machine.run(`systemctl start ${SERVICE}`);
    await machine.run(chatsLeft(SESSIONS, ['new']));
  });
});

describeSystem('a failed run', () => {
  test('shows as failed, says why in the journal, and starts the OnFailure= hook', async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    await machine.run(`${INSTALL} --systemd`);
    await machine.write(
      `/etc/systemd/system/${SERVICE}.d/on-failure.conf`,
      '[Unit]\nOnFailure=tell-me@%n.service\n',
    );
    await machine.write(
      '/etc/systemd/system/tell-me@.service',
      '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo %i >/run/told"\n',
    );
    await machine.run(`systemctl daemon-reload; echo '{' >${SESSIONS}/session_map.json`);

    expect((await machine.attempt(`systemctl start ${SERVICE}`)).status).not.toBe(0);
    expect((await machine.attempt(`systemctl is-failed ${SERVICE}`)).stdout).toBe('failed\n');
    expect(
      await machine.run(`journalctl --sync; journalctl -u ${SERVICE} -p warning -o cat`),
    ).toContain('session_map.json');
    await machine.until('[ -e /run/told ]');
    expect(await machine.read('/run/told')).toBe(`${SERVICE}\n`);
  });

  test('is also one that found the map locked', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    await machine.run(`${INSTALL} --systemd`);
    await machine.run(
      `touch ${SESSIONS}/.session_map.cleanup.lock
       chown ${USER}: ${SESSIONS}/.session_map.cleanup.lock
       exec 9<${SESSIONS}/.session_map.cleanup.lock; flock 9
       ! systemctl start ${SERVICE}`,
    );
    expect(await machine.run(`systemctl show -P ExecMainStatus ${SERVICE}`)).toBe('75\n');
    expect((await machine.attempt(`systemctl is-failed ${SERVICE}`)).stdout).toBe('failed\n');
    await machine.run(chatsLeft(SESSIONS, ['old']));
  });
});
