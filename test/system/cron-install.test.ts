/** What the installer gives a user's crontab and home, and takes away again. */
import { expect } from 'vitest';
import { makeChats } from './chats.js';
import { HOME, installCron, JOB, LOG } from './cron.js';
import { stateOf } from './state.js';
import { asUser, describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

const OTHER_LINES = `# mine
MAILTO=""

0 5 * * 1 echo "100\\%" # no claude-session-cleanup
`;

describeSystem('the cron job', () => {
  test('keeps its other lines, twice is the same as once, and nothing is left behind', async ({
    machine,
  }) => {
    await installCron(machine);
    await asUser(machine, 'crontab -', OTHER_LINES);
    const before = await stateOf(machine);

    await asUser(machine, `${INSTALL} --cron`);
    const once = await stateOf(machine);
    expect(await asUser(machine, 'crontab -l')).toMatch(
      new RegExp(
        `# claude-session-cleanup \\(default\\)\\n\\d+ \\* \\* \\* \\* "${HOME}/${JOB}"\\n$`,
      ),
    );
    expect(await asUser(machine, `${INSTALL} --cron`)).not.toMatch(/^ {2}(write|run|remove) /m);
    expect(await stateOf(machine)).toBe(once);

    await machine.run(`${INSTALL} --cron --run-as ${USER} --instance dev --hours 1`);
    await asUser(machine, `${JOB}; test -s ${LOG}; ${INSTALL} --cron --uninstall`);
    expect(await asUser(machine, 'crontab -l')).toContain('# claude-session-cleanup (dev)\n');
    await machine.run(`${INSTALL} --cron --run-as ${USER} --instance dev --uninstall`);
    expect(await asUser(machine, 'crontab -l')).toBe(OTHER_LINES);
    expect(await stateOf(machine)).toBe(before);
  });

  test('leaves alone what stands where its line was, and a crontab that can not be read', async ({
    machine,
  }) => {
    await installCron(machine);
    const lines = '# claude-session-cleanup (default)\n5 5 * * * true\n';
    await asUser(machine, 'crontab -', lines);
    await asUser(machine, `${INSTALL} --cron; ${INSTALL} --cron --uninstall`);
    expect(await asUser(machine, 'crontab -l')).toBe('5 5 * * * true\n');

    await machine.run(`echo ${USER} >/etc/cron.deny`);
    const { status, stderr } = await machine.attempt(`${INSTALL} --cron --run-as ${USER}`);
    expect(status).toBe(1);
    expect(stderr).toContain(`can't read ${USER}'s crontab`);
  });

  test('leaves no crontab where there was none', async ({ machine }) => {
    await installCron(machine);
    const before = await stateOf(machine);
    await machine.run(
      `${INSTALL} --cron --run-as ${USER}; ${INSTALL} --cron --run-as ${USER} --uninstall`,
    );
    expect(await stateOf(machine)).toBe(before);
  });

  test('shows its files and its line with --dry-run, and does nothing', async ({ machine }) => {
    await installCron(machine);
    const before = await stateOf(machine);
    const shown = await machine.run(`${INSTALL} --cron --run-as ${USER} --dry-run`);
    expect(shown).toContain(`write      ${HOME}/${JOB}`);
    expect(shown).toContain(`write      ${USER}'s crontab: `);
    expect(await stateOf(machine)).toBe(before);
  });

  test('keeps its log small, and prints the end of it when a run failed', async ({ machine }) => {
    await installCron(machine);
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    await asUser(machine, `${INSTALL} --cron`);
    await asUser(machine, `mkdir -p $(dirname ${LOG}); head -c 2000000 /dev/zero >${LOG}; ${JOB}`);
    expect(Number(await asUser(machine, `stat -c %s ${LOG}`))).toBeLessThan(10_000);
    expect(await asUser(machine, `ls $(dirname ${LOG})`)).toBe('default.log\ndefault.log.1\n');

    await machine.run(`echo '{' >${SESSIONS}/session_map.json`);
    const failed = await machine.attempt(`runuser -l ${USER} -c ${JOB}`);
    expect(failed.status).toBe(1);
    expect(failed.stdout).toContain('failed with status 1');
    expect(failed.stdout).toContain('session_map.json');
  });

  test('and a service of the same user do not get in the way of each other', async ({
    machine,
  }) => {
    await installCron(machine);
    await machine.run(`loginctl enable-linger ${USER}`);
    await asUser(machine, `${INSTALL} --user`);
    const { status, stderr } = await machine.attempt(`${INSTALL} --cron --run-as ${USER}`);
    expect(status).toBe(1);
    expect(stderr).toContain('is installed with --user');
  });
});
