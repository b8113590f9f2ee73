/** The service of a user's own manager, installed without root. */
import { expect } from 'vitest';
import { chatsLeft, makeChats } from './chats.js';
import { EVERY_THREE_SECONDS } from './every-three-seconds.js';
import { stateOf } from './state.js';
import { asUser, describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

const UNITS = '.config/systemd/user';

describeSystem("a user's own service", () => {
  test('is installed without root, cleans the map, and can be taken away', async ({ machine }) => {
    await machine.run(`loginctl enable-linger ${USER}`);
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'], active: ['new'] });
    const before = await stateOf(machine);

    const printed = await asUser(machine, `${INSTALL} --user`);
    expect(printed).toContain('[DRY RUN] Would remove this mapping');
    const once = await stateOf(machine);
    expect(await asUser(machine, `${INSTALL} --user`)).not.toMatch(/^ {2}(write|run|remove) /m);
    expect(await stateOf(machine)).toBe(once);

    await asUser(
      machine,
      `mkdir ${UNITS}/claude-session-cleanup.timer.d
       cat >${UNITS}/claude-session-cleanup.timer.d/test.conf; systemctl --user daemon-reload`,
      EVERY_THREE_SECONDS,
    );
    await machine.until(chatsLeft(SESSIONS, ['new']));
    const warnings = 'journalctl --quiet --user --priority warning --output cat';
    expect(await asUser(machine, warnings)).toBe('');

    await asUser(
      machine,
      `rm -r ${UNITS}/claude-session-cleanup.timer.d; ${INSTALL} --user --uninstall`,
    );
    expect(await stateOf(machine)).toBe(before);
  });

  test('says what to do when there is nobody to run it, or nobody who stays', async ({
    machine,
  }) => {
    const nobody = await machine.attempt(
      `runuser -u ${USER} -- env HOME=/home/${USER} ${INSTALL} --user`,
    );
    expect(nobody.stderr).toContain('sudo loginctl enable-linger');
    const stays = await machine.attempt(`runuser -l ${USER} -c '${INSTALL} --user'`);
    expect(stays.status).toBe(0);
    expect(stays.stderr).toContain(`sudo loginctl enable-linger ${USER}`);
    expect(await machine.run('ls -A /var/lib/systemd/linger')).toBe('');
    const asRoot = await machine.attempt(`SUDO_USER=${USER} ${INSTALL} --user`);
    expect(asRoot.stderr).toContain('run it without sudo');
  });
});
