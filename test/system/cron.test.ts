/** A real cron, with the line that the installer writes. */
import { expect } from 'vitest';
import { chatsLeft, makeChats } from './chats.js';
import { HOME, installCron, LOG } from './cron.js';
import { asUser, describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

describeSystem('cron', () => {
  test('fires the line, which cleans the map and writes its log', async ({ machine }) => {
    await installCron(machine);
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'], active: ['new'] });
    const printed = await machine.run(`${INSTALL} --cron --run-as ${USER}`);
    expect(printed).toContain('[DRY RUN] Would remove this mapping');
    expect(printed).toMatch(/^Runs every hour, \d+ minutes past\./m);
    await machine.run(chatsLeft(SESSIONS, ['old', 'new']));

    await asUser(machine, `crontab -l | sed -E 's/^[0-9]+ \\*/* */' | crontab -`);
    await machine.until(chatsLeft(SESSIONS, ['new']));
    await machine.until(`grep -q 'Cleaned up: 1 mapping' ${HOME}/${LOG}`);
  });
});
