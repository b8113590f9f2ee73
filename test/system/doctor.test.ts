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
const CONF = `/etc/systemd/system/${SERVICE}.d/10-instance.conf`;

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
        message: expect.stringMatching(`^as ${USER}; last fired never, next 20`),
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
      [
        `mv ${ENV_FILE} /opt; ! systemctl start ${SERVICE}`,
        /failed \(resources\)/,
        `mv /opt/default.env ${ENV_FILE}; systemctl start ${SERVICE}`,
      ],
      [
        `sed -i 's/^CLEANUP_ARGS=.*/CLEANUP_ARGS="--dry-rum"/' ${ENV_FILE}; ! systemctl start ${SERVICE}`,
        /failed \(exit-code, status 2\)/,
        `sed -i 's/^CLEANUP_ARGS=.*/CLEANUP_ARGS=""/' ${ENV_FILE}; systemctl start ${SERVICE}`,
      ],
      [
        `sed -i 's#/bin/${NAME}.js#/gone&#' ${CONF}; systemctl daemon-reload; ! systemctl start ${SERVICE}`,
        /failed \(exit-code, status 1\)/,
        `sed -i 's#/gone##' ${CONF}; systemctl daemon-reload; systemctl start ${SERVICE}`,
      ],
      [
        `echo '{' >${SESSIONS}/session_map.json; ! systemctl start ${SERVICE}; echo '{}' >${SESSIONS}/session_map.json`,
        /^the last start failed \(exit-code, status 1\)/,
        `systemctl start ${SERVICE}`,
      ],
      [
        // The timer fires, but what it starts makes a dry run.
        `echo DRY_RUN=1 >>${ENV_FILE}; rm ${SESSIONS}/session_map.last-run.json
         ${dropIn(TIMER, '[Timer]\nOnActiveSec=1us\n')}; touch -d '1 hour ago' ${ENV_FILE}
         systemctl restart ${TIMER}; sleep 6`,
        /^was due 2.*, but no real run has left a record: it does not start, makes dry runs/,
        `sed -i /DRY_RUN/d ${ENV_FILE}; systemctl start ${SERVICE}`,
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

  test('that cleans another map, and how to look at that', async ({ machine }) => {
    const dir = '/srv/its maps';
    await machine.run(`install -d -o ${USER} ${quote(dir)}`);
    await makeChats(machine, { user: USER, dir });
    await machine.run(
      `${INSTALL} --systemd --run-as ${USER} --session-dir ${quote(dir)}
       sed -i 's/^CLEANUP_ARGS=.*/CLEANUP_ARGS="--claude-dir \\/srv\\/claude"/' ${ENV_FILE}`,
    );
    expect(await examineAsUser(machine)).toContainEqual({
      subject: 'schedule',
      level: 'warning',
      message: `${TIMER} is for another map (${dir}); nothing cleans this one by itself`,
      fix: `to look at that map: --session-dir '${dir}'`,
    });
    expect((await examineAsUser(machine, `-d '${dir}'`)).map(({ level }) => level)).toEqual(['ok']);

    await machine.run(`systemctl start ${SERVICE}`);
    const { stdout } = await machine.attempt(
      `runuser -u ${USER} -- env -i HOME=${HOME} PATH=$PATH ${DOCTOR} -d '${dir}'`,
    );
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    const lookedElsewhere = checks.find(({ message }) => /does not look/.test(message));
    expect(lookedElsewhere).toMatchObject({
      subject: 'last run',
      level: 'warning',
      message: `this page does not look as it did: --claude-dir /srv/claude (here ${HOME}/.claude)`,
      fix: expect.stringMatching(`doctor --session-dir '${dir}' --claude-dir /srv/claude$`),
    });
    const command = lookedElsewhere?.fix?.replace('to look so: ', '') ?? '';
    expect(await asUser(machine, `${command} || true`)).not.toContain('does not look');
  });

  test('to root: no problem, and how to look as the user whose map it is', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.run(`${INSTALL} --systemd; systemctl start ${SERVICE}`);
    const page = await machine.run(DOCTOR.replace(' --json', ''));
    expect(page).toMatch(/\b0 problems/);
    expect(page).toContain(`belongs to user ${USER}`);
    const id = (await machine.run(`id -u ${USER}`)).trim();
    expect(page.split('\n').filter((line) => new RegExp(`\\b${id}\\b`).test(line))).toEqual([]);
    const [, command = ''] = /sudo -u bridge -H (\S.*doctor.*)/.exec(page) ?? [];
    expect(await asUser(machine, command)).toContain(`user: ${USER} (user ${id})`);
    const { checks } = JSON.parse(await machine.run(DOCTOR)) as { checks: Check[] };
    expect(checks).toContainEqual(
      expect.objectContaining({
        subject: TIMER,
        level: 'ok',
        message: expect.stringContaining(`as ${USER}; `),
      }),
    );
  });

  test('beside a bridge that writes back: the cure is one that the service can have', async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['one'] });
    const map = `${SESSIONS}/session_map.json`;
    await machine.run(
      `cp ${map} /srv/memory; ${INSTALL} --systemd; systemctl start ${SERVICE}; cat /srv/memory >${map}`,
    );
    const page = await asUser(machine, DOCTOR.replace(' --json', ''));
    expect(page).toMatch(
      /written back: .*\n +→ sudo \S*install\.sh --systemd --bridge-url .*--bridge-unit/,
    );
    expect(page).not.toContain('--on-change');
  });

  test('of another program that has the same name, or is the first version', async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    const script = '/opt/bridge/cleanup_idle_sessions.py';
    for (const unit of [NAME, 'idle-chats']) {
      await machine.write(
        `/etc/systemd/system/${unit}.service`,
        `[Service]\nType=oneshot\nExecStart=/usr/bin/python3 ${script}\n`,
      );
      await machine.write(
        `/etc/systemd/system/${unit}.timer`,
        '[Timer]\nOnBootSec=50min\n[Install]\nWantedBy=timers.target\n',
      );
      await machine.run(`systemctl daemon-reload; systemctl enable --now ${unit}.timer`);
    }
    expect(await examineAsUser(machine)).toEqual(
      [TIMER, 'idle-chats.timer'].map((subject) => ({
        subject,
        level: 'warning',
        message: `starts another program, not this one: /usr/bin/python3 ${script}`,
        fix: expect.stringContaining(`sudo systemctl disable --now ${subject}`),
      })),
    );
  });

  test("of a user's own manager: asked by sudo, and when nobody is logged in", async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.run(`loginctl enable-linger ${USER}`);
    await asUser(machine, `${INSTALL} --user`);
    expect(await examineAsUser(machine)).toEqual([
      expect.objectContaining({ subject: `${TIMER} (user)`, level: 'ok' }),
    ]);
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
  test('that it runs', async ({ machine }) => {
    await installCron(machine);
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    const printed = await machine.run(`${INSTALL} --cron --run-as ${USER}`);
    expect(printed).toContain("cron: this user's crontab has a line\n");
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
        message: "this user's crontab has a line",
      }),
    ]);
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
        /^the last start by this user's crontab failed/,
        `echo '{}' >${SESSIONS}/session_map.json; ${JOB}`,
      ],
      [
        `cp ${JOB} .; sed -i 's#^  ".*/node"#  "/gone/node"#' ${JOB}; ! ${JOB}`,
        /^the last start by this user's crontab failed/,
        `mv default.sh ${JOB}; ${JOB}`,
      ],
      [
        `mv ${settings} .; ! ${JOB}`,
        /^the last start by this user's crontab failed/,
        `mv default.env ${settings}; ${JOB}`,
      ],
      [`mv ${JOB} .`, /default\.sh is not there/, `mv default.sh ${JOB}`],
      [
        `sleep 6; echo DRY_RUN=yes >>${settings}; touch -d '1 hour ago' ${settings}; ${JOB}; sleep 6`,
        /^was due .*, but the last real run ended .*: it does not start, makes dry runs/,
        `sed -i /DRY_RUN/d ${settings}; ${JOB}`,
      ],
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
    await asUser(
      machine,
      `touch -d '30 days ago' ${settings} ${status}; rm ${SESSIONS}/session_map.last-run.json`,
    );
    // A machine that has been on for a day.
    await machine.write('/opt/uptime', '100000.00 1.00\n');
    await machine.run('mount --bind /opt/uptime /proc/uptime');
    expect(await examineAsUser(machine)).toContainEqual(
      expect.objectContaining({
        level: 'problem',
        message: expect.stringMatching(/^was due .*, but no real run/),
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
        message: expect.stringContaining(
          'no timer and no cron line of the system or other is there',
        ),
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
