/** Drop-ins of the service's owner: what they change takes effect, is said not to, or is refused. */
import { expect } from 'vitest';
import { chatsLeft, makeChats } from './chats.js';
import { stateOf } from './state.js';
import { describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

const SERVICE = 'claude-session-cleanup.service';
const DROP_IN = `/etc/systemd/system/${SERVICE}.d/override.conf`;
const RAN = '/run/another-program-ran';

describeSystem('a drop-in', () => {
  test.for([
    ['starts another program', `ExecStart=\nExecStart=/bin/touch ${RAN}`, 'another program'],
    ['starts another program, too', `ExecStart=/bin/touch ${RAN}`, 'another program'],
    ['takes the settings away', 'EnvironmentFile=', 'takes away the settings'],
  ])(
    'that %s is named, and nothing is started or changed',
    async ([, lines, reason], { machine }) => {
      await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
      await machine.write(DROP_IN, `[Service]\n${lines}\n`);
      const before = await stateOf(machine);
      const { status, stderr } = await machine.attempt(`${INSTALL} --systemd`);
      expect(status).toBe(1);
      expect(stderr).toContain(`${DROP_IN} `);
      expect(stderr).toContain(reason);
      await machine.run(`test ! -e ${RAN}`);
      expect(await stateOf(machine)).toBe(before);
    },
  );

  test('of all services, or of another user, is seen by what systemd makes of it', async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    const wide = '/etc/systemd/system/claude-.service.d/wide.conf';
    for (const [lines, reason] of [
      [`ExecStart=\nExecStart=/bin/touch ${RAN}`, wide],
      ['User=root', 'has it run as root'],
    ]) {
      await machine.write(wide, `[Service]\n${lines}\n`);
      const { status, stderr } = await machine.attempt(`${INSTALL} --systemd`);
      expect(status).toBe(1);
      expect(stderr).toContain(reason);
      expect(
        (await machine.attempt('systemctl is-active claude-session-cleanup.timer')).stdout,
      ).toBe('inactive\n');
    }
    await machine.run(`test ! -e ${RAN}; ${chatsLeft(SESSIONS, ['old'])}`);
  });

  test('that sets what the settings file sets is said not to count', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    await machine.write(
      DROP_IN,
      '[Service]\nEnvironment=JOURNAL_DAYS=9 "IDLE_THRESHOLD_HOURS=48"\nEnvironment="CLEANUP_ARGS=--missing remove"\n',
    );
    const { status, stderr } = await machine.attempt(`${INSTALL} --systemd`);
    expect(status).toBe(0);
    expect(stderr).toContain(`${DROP_IN} sets IDLE_THRESHOLD_HOURS=48, which does not count`);
    expect(stderr).toContain(`${DROP_IN} sets CLEANUP_ARGS=--missing remove, which does not`);
    expect(stderr).not.toContain('JOURNAL_DAYS'); // the settings file has none: it takes effect
    const agreed = await machine.attempt(`${INSTALL} --systemd --hours 48`);
    expect(agreed.stderr).not.toContain('IDLE_THRESHOLD_HOURS');
  });
});
