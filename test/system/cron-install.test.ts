/** What the installer gives a user's crontab and home, and takes away again. */
import { expect } from 'vitest';
import { chatsLeft, makeChats } from './chats.js';
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

  test('stays one line when its marker is gone, or something stands between the two', async ({
    machine,
  }) => {
    await installCron(machine);
    await asUser(machine, `${INSTALL} --cron`);
    const [marker = '', line = ''] = (await asUser(machine, 'crontab -l')).split('\n');
    const others = `# ${line}\n0 6 * * * nice ${line.replace(/^(\S+ ){5}/, '')}\n@daily true\n`;
    const tables: readonly [table: string, after: string, taken: string][] = [
      [`${marker}\nMAILTO=me\n${line}\n`, `MAILTO=me\n${marker}\n${line}\n`, 'MAILTO=me\n'],
      [`${others}${line}\n`, `${others}${marker}\n${line}\n`, others],
      [
        `@hourly ${line.replace(/^(\S+ ){5}/, '')}\n${marker}\n${line}\n${others}`,
        `${marker}\n${line}\n${others}`,
        others,
      ],
    ];
    for (const [table, after, taken] of tables) {
      await asUser(machine, 'crontab -', table);
      await asUser(machine, `${INSTALL} --cron`);
      expect(await asUser(machine, 'crontab -l')).toBe(after);
      await asUser(machine, `${INSTALL} --cron --uninstall`);
      expect(await asUser(machine, 'crontab -l')).toBe(taken);
    }
  });

  test('is not taken away from somebody else, and that there was none is said', async ({
    machine,
  }) => {
    await installCron(machine);
    await machine.run(`useradd --create-home admin; ${INSTALL} --cron --run-as ${USER}`);
    const before = await stateOf(machine);
    const { status, stderr } = await machine.attempt(
      `SUDO_USER=admin ${INSTALL} --cron --uninstall`,
    );
    expect(status).toBe(1);
    expect(stderr).toContain('is not installed (cron) for admin; for somebody else: --run-as USER');
    expect(await stateOf(machine)).toBe(before);
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
    expect(await asUser(machine, `ls $(dirname ${LOG})`)).toBe(
      'default.log\ndefault.log.1\ndefault.status\n',
    );

    await machine.run(`echo '{' >${SESSIONS}/session_map.json`);
    const failed = await machine.attempt(`runuser -l ${USER} -c ${JOB}`);
    expect(failed.status).toBe(1);
    expect(failed.stdout).toContain('failed with status 1');
    expect(failed.stdout).toContain('session_map.json');
  });

  test('reads words in quotes as one, and does not run with settings that make no sense', async ({
    machine,
  }) => {
    await installCron(machine);
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    await asUser(machine, `${INSTALL} --cron`);
    const file = `${HOME}/.config/claude-session-cleanup/default.env`;
    const settings = await machine.run(`cat ${file}`);
    const setArguments = (text: string) =>
      machine.write(file, settings.replace(/^CLEANUP_ARGS=.*$/m, `CLEANUP_ARGS=${text}`));
    await setArguments('--missing remove');
    expect((await machine.attempt(`runuser -l ${USER} -c ${JOB}`)).status).not.toBe(0);
    await machine.run(chatsLeft(SESSIONS, ['old']));

    await setArguments(`"--on-change 'touch a b'"`);
    await asUser(machine, JOB);
    await machine.run(`${chatsLeft(SESSIONS, [])}; test -e ${HOME}/a -a -e ${HOME}/b`);
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
    const uninstall = `runuser -l ${USER} -c '${INSTALL} --cron --uninstall'`;
    expect((await machine.attempt(uninstall)).stderr).toContain('is installed with --user');
  });

  test('says that something else cleans the same map already', async ({ machine }) => {
    await installCron(machine);
    await makeChats(machine, { user: USER, dir: SESSIONS });
    const first = await machine.attempt(`${INSTALL} --systemd`);
    expect(first.stderr).not.toContain('cleaned already');
    const { status, stderr } = await machine.attempt(`${INSTALL} --cron --run-as ${USER}`);
    expect(status).toBe(0);
    expect(stderr).toContain(
      `${SESSIONS} is cleaned already by what is installed with /etc/claude-session-cleanup/default.env`,
    );
  });
});
