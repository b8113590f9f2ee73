/** What doctor says of the timers and cron jobs that are installed, and of those that do nothing. */
import { expect } from 'vitest';
import { makeChats } from './chats.js';
import { HOME, installCron, JOB, LOG } from './cron.js';
import { type Machine, quote } from './machine.js';
import { asUser, describeSystem, INSTALL, PACKAGE, SESSIONS, test, USER } from './test.js';

const NAME = 'claude-session-cleanup';
const TIMER = `${NAME}.timer`;
const SERVICE = `${NAME}.service`;
const DOCTOR = `${PACKAGE}/bin/${NAME}.js doctor --json`;
const ENV_FILE = `/etc/${NAME}/default.env`;

interface Check {
  readonly subject: string;
  readonly level: string;
  readonly message: string;
  readonly fix: string | null;
}

/** What a doctor that is run by this command says of timers and cron. */
async function assess(machine: Machine, command: string): Promise<readonly Check[]> {
  const { stdout } = await machine.attempt(command);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return checks.filter(({ subject }) => /timer|cron|schedule/.test(subject));
}

/** As the bridge's user, who is not logged in: as sudo and su do it. */
function examineAsUser(machine: Machine, options = ''): Promise<readonly Check[]> {
  return assess(
    machine,
    `runuser -u ${USER} -- env -i HOME=${HOME} PATH=$PATH ${DOCTOR} ${options}`,
  );
}

function dropIn(unit: string, content: string): string {
  const folder = `/etc/systemd/system/${unit}.d`;
  return `mkdir -p ${folder}; printf ${quote(content)} >${folder}/test.conf; systemctl daemon-reload`;
}

describeSystem('doctor tells of a timer', () => {
  test('that it runs, in all of its ways', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.run(`${INSTALL} --systemd`);
    const daily = await examineAsUser(machine);
    expect(daily).toEqual([
      expect.objectContaining({
        subject: TIMER,
        level: 'ok',
        message: expect.stringMatching(`^as ${USER}; last fired never, next \\w{3} `),
      }),
    ]);
    await machine.run(
      `${dropIn(TIMER, '[Timer]\nOnCalendar=\nOnUnitActiveSec=15min\nOnBootSec=1h\n')}; systemctl restart ${TIMER}`,
    );
    expect(await examineAsUser(machine)).toEqual([
      expect.objectContaining({
        level: 'ok',
        message: expect.stringMatching(/next \d.* after the machine's start$/),
      }),
    ]);
    await machine.run(`systemctl disable ${TIMER}; systemctl start ${TIMER}`);
    expect(await examineAsUser(machine)).toEqual([
      expect.objectContaining({ level: 'warning', message: expect.stringContaining('reboot') }),
    ]);
  });

  test('that it does nothing, and why', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.run(`${INSTALL} --systemd`);
    const states: readonly [does: string, message: RegExp, undo: string][] = [
      [`systemctl stop ${TIMER}`, /not started/, `systemctl start ${TIMER}`],
      [`systemctl disable --now ${TIMER}`, /not started/, `systemctl enable --now ${TIMER}`],
      [
        `${dropIn(TIMER, '[Timer]\nOnCalendar=\nOnCalendar=2020-01-01\n')}; systemctl restart ${TIMER}`,
        /never run again/,
        `rm -r /etc/systemd/system/${TIMER}.d; systemctl daemon-reload; systemctl restart ${TIMER}`,
      ],
      [
        `mv /etc/systemd/system/${SERVICE} /opt; systemctl mask ${SERVICE}`,
        /service is masked/,
        `systemctl unmask ${SERVICE}; mv /opt/${SERVICE} /etc/systemd/system; systemctl daemon-reload`,
      ],
      [
        `mv /etc/systemd/system/${TIMER} /opt; systemctl daemon-reload; systemctl mask --runtime ${TIMER}`,
        /timer is masked/,
        `systemctl unmask --runtime ${TIMER}; mv /opt/${TIMER} /etc/systemd/system; systemctl daemon-reload; systemctl restart ${TIMER}`,
      ],
      [`echo DRY_RUN=1 >>${ENV_FILE}`, /DRY_RUN in \/etc/, `sed -i /DRY_RUN/d ${ENV_FILE}`],
      [`echo DRY_RUN=1 >/run/${NAME}-trial.env`, /DRY_RUN in \/run/, `rm /run/${NAME}-trial.env`],
      [
        `sed -i 's/^CLEANUP_ARGS=.*/CLEANUP_ARGS="--keep-running -n"/' ${ENV_FILE}`,
        /--dry-run among its options/,
        `sed -i 's/^CLEANUP_ARGS=.*/CLEANUP_ARGS=""/' ${ENV_FILE}`,
      ],
      [`mv ${ENV_FILE} /opt`, /default\.env, .* is not there/, `mv /opt/default.env ${ENV_FILE}`],
      [
        `echo '{' >${SESSIONS}/session_map.json; ! systemctl start ${SERVICE}; echo '{}' >${SESSIONS}/session_map.json`,
        /the last run, which ended \w{3} 2[^,]*, failed \(exit-code, status 1\)/,
        `systemctl start ${SERVICE}`,
      ],
    ];
    for (const [does, message, undo] of states) {
      await machine.run(does);
      const found = await examineAsUser(machine);
      expect(found, does).toContainEqual({
        subject: TIMER,
        level: 'problem',
        message: expect.stringMatching(message),
        fix: expect.any(String),
      });
      await machine.run(undo);
    }
    expect((await examineAsUser(machine)).map(({ level }) => level)).toEqual(['ok']);
  });

  test('of an instance that is switched off, and of one that is half taken away', async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    for (const instance of ['dev', 'half']) {
      await machine.run(
        `${INSTALL} --systemd --run-as ${USER} --instance ${instance} --session-dir ${SESSIONS}`,
      );
    }
    await machine.run(
      `systemctl disable --now ${NAME}@dev.timer ${NAME}@half.timer
       rm -r /etc/systemd/system/${NAME}@half.service.d`,
    );
    const found = await examineAsUser(machine);
    expect(found.filter(({ level }) => level === 'problem')).toEqual(
      ['dev', 'half'].map((instance) => ({
        subject: `${NAME}@${instance}.timer`,
        level: 'problem',
        message: 'installed, but not started',
        fix: `sudo systemctl enable --now ${NAME}@${instance}.timer`,
      })),
    );
  });

  test('of options that it does not know, and of a program that is gone', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.run(
      `${INSTALL} --systemd --run-as ${USER}
       sed -i 's/^CLEANUP_ARGS=.*/CLEANUP_ARGS="--dry-rum"/' ${ENV_FILE}`,
    );
    expect(await examineAsUser(machine)).toContainEqual(
      expect.objectContaining({
        level: 'problem',
        message: expect.stringContaining("make no sense: unknown option '--dry-rum'"),
      }),
    );

    const conf = `/etc/systemd/system/${NAME}.service.d/10-instance.conf`;
    await machine.run(
      `sed -i 's/^CLEANUP_ARGS=.*/CLEANUP_ARGS=""/' ${ENV_FILE}
       sed -i 's#/bin/${NAME}.js#/gone/${NAME}.js#' ${conf}; systemctl daemon-reload`,
    );
    const [moved] = await examineAsUser(machine);
    expect(moved).toMatchObject({
      level: 'problem',
      message: expect.stringMatching(/\/gone\/[\w-]+\.js, which it runs, is not there$/),
      fix: 'run scripts/install.sh again',
    });
  });

  test('that looks elsewhere than this page does, with the command that looks there', async ({
    machine,
  }) => {
    const dir = '/srv/its maps';
    await machine.run(`install -d -o ${USER} ${quote(dir)}`);
    await makeChats(machine, { user: USER, dir });
    await machine.run(
      `${INSTALL} --systemd --run-as ${USER} --session-dir ${quote(dir)}
       sed -i 's/^CLEANUP_ARGS=.*/CLEANUP_ARGS="--claude-dir \\/srv\\/claude"/' ${ENV_FILE}`,
    );
    const command = `claude-session-cleanup doctor --session-dir '${dir}' --claude-dir /srv/claude`;
    expect(await examineAsUser(machine)).toContainEqual({
      subject: TIMER,
      level: 'warning',
      message: expect.stringContaining(`--session-dir ${dir} (here ${SESSIONS})`),
      fix: `to look as it does: ${command}`,
    });
    const there = await examineAsUser(machine, command.replace(/.* doctor/, ''));
    expect(there.map(({ level }) => level)).toEqual(['ok']);
    expect(await assess(machine, DOCTOR)).toContainEqual({
      subject: TIMER,
      level: 'warning',
      message: expect.stringContaining(`as ${USER} (here root), HOME ${HOME} (here /root)`),
      fix: `to look as it does: sudo -u ${USER} -H ${command}`,
    });

    await machine.run(
      `${INSTALL} --systemd --run-as ${USER} --instance second --session-dir ${SESSIONS}`,
    );
    expect(await examineAsUser(machine)).toContainEqual({
      subject: TIMER,
      level: 'ok',
      message: expect.stringContaining(`--session-dir ${dir} (here ${SESSIONS})`),
      fix: `to look as it does: ${command}`,
    });
  });

  test("of a user's own manager: asked by sudo, by root, and when nobody is logged in", async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.run(`loginctl enable-linger ${USER}`);
    await asUser(machine, `${INSTALL} --user`);
    expect(await examineAsUser(machine)).toEqual([
      expect.objectContaining({ subject: `${TIMER} (user)`, level: 'ok' }),
    ]);
    expect(await assess(machine, DOCTOR)).toContainEqual(
      expect.objectContaining({ subject: `${TIMER} (user ${USER})`, level: 'ok' }),
    );
    await asUser(machine, `systemctl --user stop ${TIMER}`);
    const [stopped] = await examineAsUser(machine);
    expect(stopped).toMatchObject({ level: 'problem', message: 'installed, but not started' });
    await machine.run(`runuser -u ${USER} -- sh -c ${quote(stopped?.fix ?? '')}`);
    const [ofUser] = await examineAsUser(machine);
    expect(ofUser?.level).toBe('ok');
    await machine.run(`loginctl disable-linger ${USER}; systemctl stop user@$(id -u ${USER})`);
    await machine.until(`[ ! -e /run/user/$(id -u ${USER}) ]`);
    expect(await examineAsUser(machine)).toEqual([
      expect.objectContaining({
        level: 'problem',
        fix: `sudo loginctl enable-linger ${USER}`,
      }),
    ]);
  });
});

describeSystem('doctor tells of a cron job', () => {
  test('that it runs, also to root', async ({ machine }) => {
    await installCron(machine);
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    const printed = await machine.run(`${INSTALL} --cron --run-as ${USER}`);
    expect(printed).toContain("cron: this user's crontab has a line; last run never");
    const settings = JOB.replace(/sh$/, 'env');
    await asUser(
      machine,
      `mv .claude .clod; sed -i 's#^CLEANUP_ARGS=.*#CLEANUP_ARGS="--claude-dir ${HOME}/.clod"#' ${settings}`,
    );
    const again = await machine.run(`${INSTALL} --cron --run-as ${USER}`);
    expect(again).toContain('[DRY RUN] Would remove this mapping');
    expect(again).toMatch(/^0 problems/m);
    const undo = `sed -i 's#^CLEANUP_ARGS=.*#CLEANUP_ARGS=""#' ${settings}; mv .clod .claude`;
    await asUser(machine, undo);
    await asUser(machine, JOB);
    expect(await examineAsUser(machine)).toEqual([
      expect.objectContaining({
        subject: 'cron',
        level: 'ok',
        message: expect.stringMatching(/last run 20/),
      }),
    ]);
    expect(await assess(machine, DOCTOR)).toContainEqual(
      expect.objectContaining({
        level: 'ok',
        message: expect.stringContaining(`${USER}'s crontab has a line; last run 20`),
      }),
    );
  });

  test('that it does nothing, and why', async ({ machine }) => {
    await installCron(machine);
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.run(`${INSTALL} --cron --run-as ${USER}`);
    const settings = JOB.replace(/sh$/, 'env');
    const status = LOG.replace(/log$/, 'status');
    const states: readonly [does: string, message: RegExp, undo: string][] = [
      [
        `echo '{' >${SESSIONS}/session_map.json; ! ${JOB}`,
        /the last run failed with status 1/,
        `echo '{}' >${SESSIONS}/session_map.json; ${JOB}`,
      ],
      [
        `cp ${JOB} .; sed -i 's#^  ".*/node"#  "/gone/node"#' ${JOB}; ! ${JOB}`,
        /\/gone\/node, which it runs, is not there/,
        `mv default.sh ${JOB}; ${JOB}`,
      ],
      [
        `mv ${settings} .; ! ${JOB}`,
        /default\.env, which has its settings, is not there/,
        `mv default.env ${settings}; ${JOB}`,
      ],
      [`mv ${JOB} .`, /default\.sh, which is not there/, `mv default.sh ${JOB}`],
      [`echo DRY_RUN=yes >>${settings}`, /DRY_RUN in \/home/, `sed -i /DRY_RUN/d ${settings}`],
    ];
    for (const [does, message, undo] of states) {
      await asUser(machine, does);
      expect(await examineAsUser(machine), does).toContainEqual({
        subject: 'cron',
        level: 'problem',
        message: expect.stringMatching(message),
        fix: expect.any(String),
      });
      await asUser(machine, undo);
    }
    expect((await examineAsUser(machine)).map(({ level }) => level)).toEqual(['ok']);
    await asUser(machine, `touch -d '30 days ago' ${JOB} ${status}`);
    // A machine that has been on for a day.
    await machine.write('/opt/uptime', '100000.00 1.00\n');
    await machine.run('mount --bind /opt/uptime /proc/uptime');
    expect(await examineAsUser(machine)).toContainEqual(
      expect.objectContaining({
        level: 'problem',
        message: expect.stringContaining('does not run every hour'),
      }),
    );
    await machine.run('systemctl stop cron');
    expect(await examineAsUser(machine)).toContainEqual(
      expect.objectContaining({
        level: 'problem',
        message: expect.stringContaining('no cron daemon runs'),
      }),
    );
  });

  test('that it could not ask, which is not the same as none', async ({ machine }) => {
    await installCron(machine);
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.run(`${INSTALL} --cron --run-as ${USER}`);
    const asOther = `useradd other; runuser -u other -- env -i HOME=/ PATH=$PATH ${DOCTOR}`;
    expect(await assess(machine, asOther)).toEqual([
      expect.objectContaining({
        message: expect.stringContaining(`could not ask ${USER}'s own systemd and crontab`),
      }),
    ]);
    await machine.run(`echo ${USER} >/etc/cron.deny`);
    expect(await examineAsUser(machine)).toEqual([
      expect.objectContaining({
        subject: 'schedule',
        level: 'warning',
        message: expect.stringContaining("could not ask this user's crontab"),
      }),
    ]);
  });
});
