/** Production and development, side by side. */
import { expect } from 'vitest';
import { chatsLeft, makeChats } from './chats.js';
import { EVERY_THREE_SECONDS } from './every-three-seconds.js';
import { stateOf } from './state.js';
import { describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

const DEV = `${SESSIONS}_dev`;

describeSystem('two instances', () => {
  test('clean their own maps as their own users, and go one by one', async ({ machine }) => {
    await machine.run('useradd --create-home developer');
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'], active: ['new'] });
    await makeChats(machine, {
      user: 'developer',
      dir: DEV,
      idle: ['dev-old'],
      active: ['dev-new'],
    });
    const before = await stateOf(machine);

    await machine.run(`${INSTALL} --systemd`);
    const onlyDefault = await stateOf(machine);
    await machine.run(`${INSTALL} --systemd --instance dev --hours 1`);
    await machine.run(`${INSTALL} --systemd --instance third --run-as ${USER}`);

    await machine.write(
      '/etc/systemd/system/claude-session-cleanup@dev.timer.d/test.conf',
      EVERY_THREE_SECONDS,
    );
    await machine.run('systemctl daemon-reload');
    await machine.until(chatsLeft(DEV, ['dev-new']));
    await machine.run(chatsLeft(SESSIONS, ['old', 'new']));
    expect(await machine.run(`stat -c %U ${DEV}/session_map.json`)).toBe('developer\n');
    await machine.run('systemctl start claude-session-cleanup.service');
    await machine.run(chatsLeft(SESSIONS, ['new']));
    expect(
      await machine.run('systemctl list-timers --no-legend | grep -o "claude[^ ]*timer" | sort'),
    ).toBe(['', '@dev', '@third'].map((name) => `claude-session-cleanup${name}.timer\n`).join(''));

    await machine.run(
      `${INSTALL} --systemd --instance third --uninstall; rmdir ${SESSIONS}_third # the bridge's`,
    );
    await machine.run('test -e /etc/systemd/system/claude-session-cleanup@.service');
    await machine.run(
      'systemctl is-active claude-session-cleanup.timer claude-session-cleanup@dev.timer',
    );
    await machine.run(
      `rm -r /etc/systemd/system/claude-session-cleanup@dev.timer.d; ${INSTALL} --systemd --instance dev --uninstall`,
    );
    expect(await stateOf(machine)).toBe(onlyDefault);
    await machine.run(`${INSTALL} --systemd --uninstall`);
    expect(await stateOf(machine)).toBe(before);
  });
});
