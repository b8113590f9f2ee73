/** The installer, for what it leaves on the disk, what it asks, and what it refuses. */
import { expect } from 'vitest';
import { chatsLeft, makeChats } from './chats.js';
import { quote } from './machine.js';
import { stateOf } from './state.js';
import { asUser, describeSystem, INSTALL, PACKAGE, SESSIONS, test, USER } from './test.js';

const SERVICE = 'claude-session-cleanup.service';
const ENV_FILE = '/etc/claude-session-cleanup/default.env';

describeSystem('installing', () => {
  test('twice is the same as once, and uninstalling leaves nothing behind', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    const before = await stateOf(machine);
    const install = `${INSTALL} --systemd --run-as ${USER} --hours 3`;

    const first = await machine.run(install);
    expect(first).toContain('[DRY RUN] Would remove this mapping');
    expect(first).toMatch(/^Next run: \w{3} /m);
    const once = await stateOf(machine);
    expect(once).not.toBe(before);

    const second = await machine.run(install);
    expect(second).not.toMatch(/^ {2}(write|run|remove) /m);
    expect(await stateOf(machine)).toBe(once);

    await machine.run(`${INSTALL} --systemd --uninstall`);
    expect(await stateOf(machine)).toBe(before);
    await machine.run(chatsLeft(SESSIONS, ['old']));
  });

  test('shows every file and command with --dry-run, and does nothing', async ({ machine }) => {
    const before = await stateOf(machine);
    const shown = await machine.run(`${INSTALL} --systemd --run-as ${USER} --dry-run`);
    expect(shown.match(/^ {2}(?:write|run) .*/gm)?.map((line) => line.replace(/ +/g, ' '))).toEqual(
      [
        ` write ${ENV_FILE}`,
        ` write /etc/systemd/system/${SERVICE}`,
        ' write /etc/systemd/system/claude-session-cleanup.timer',
        ` write /etc/systemd/system/${SERVICE}.d/10-instance.conf`,
        ' run systemctl daemon-reload',
        ' write /etc/tmpfiles.d/claude-session-cleanup.conf',
        ' run systemctl --quiet enable --now claude-session-cleanup.timer',
      ],
    );
    expect(shown).toContain(`| CLAUDE_SESSION_DIR="${SESSIONS}"\n`);
    expect(shown).toContain('| OnCalendar=hourly\n');
    expect(await stateOf(machine)).toBe(before);
  });

  test('keeps what was set by hand in the environment file, and what is not given again', async ({
    machine,
  }) => {
    await machine.run(`${INSTALL} --systemd --run-as ${USER} --session-dir /tmp/mine --hours 5`);
    await machine.run(
      `sed -i 's/^CLEANUP_ARGS=.*/CLEANUP_ARGS="--missing keep"/; $ a NO_COLOR=1' ${ENV_FILE}`,
    );
    await machine.run(`${INSTALL} --systemd --hours 0.5`);
    const settings = await machine.run(`grep -v '^#' ${ENV_FILE}`);
    expect(settings.split('\n')).toEqual([
      'CLAUDE_SESSION_DIR="/tmp/mine"',
      'IDLE_THRESHOLD_HOURS="0.5"',
      'CLAUDE_BRIDGE_URL=""',
      'CLEANUP_ARGS="--missing keep"',
      'NO_COLOR=1',
      '',
    ]);
    expect(await machine.run(`systemctl show -P User ${SERVICE}`)).toBe(`${USER}\n`);
  });

  test('leaves a drop-in of its owner alone, and says so when it is uninstalled', async ({
    machine,
  }) => {
    const mine = `/etc/systemd/system/${SERVICE}.d/mine.conf`;
    await machine.write(mine, '[Service]\nNice=15\n');
    await machine.run(`${INSTALL} --systemd --run-as ${USER}`);
    expect(await machine.run(`systemctl show -P Nice ${SERVICE}`)).toBe('15\n');
    expect(await machine.run(`${INSTALL} --systemd --uninstall`)).toContain('drop-ins of yours');
    expect(await machine.read(mine)).toContain('Nice=15');
  });

  test('works from a clone, from an npm package, and through links to either', async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    await machine.run(
      `cp -r ${PACKAGE} '/srv/a clone'; mkdir /srv/bin
       ln -s '../a clone/scripts/install.sh' /srv/bin/install-cleanup`,
    );
    for (const [installer, program] of [
      [INSTALL, PACKAGE],
      ["cd '/srv/a clone'; scripts/install.sh", '/srv/a clone'],
      ['/srv/bin/install-cleanup', '/srv/a clone'],
    ]) {
      const printed = await machine.run(`${installer} --systemd --run-as ${USER}`);
      expect(printed).toContain('[DRY RUN] Would remove this mapping');
      expect(await machine.read(`/etc/systemd/system/${SERVICE}.d/10-instance.conf`)).toContain(
        ` "${program}/bin/claude-session-cleanup.js" `,
      );
    }
  });

  test("finds a Node that is on its user's own PATH only, and not the shim for it", async ({
    machine,
  }) => {
    const nvm = `/home/${USER}/.nvm/versions/node/v20/bin`;
    await machine.write('/usr/local/sbin/node', '#!/bin/sh\nexit 1\n');
    await machine.run(
      `real=$(PATH=/usr/local/bin:/usr/bin command -v node); chmod 755 /usr/local/sbin/node
       runuser -l ${USER} -c "mkdir -p ${nvm} && ln -s $real ${nvm}/node"
       sed -i '1i export PATH=${nvm}:$PATH' /home/${USER}/.bashrc`,
    );
    const conf = `/etc/systemd/system/${SERVICE}.d/10-instance.conf`;
    await machine.run(`${INSTALL} --systemd --run-as ${USER}`);
    expect(await machine.read(conf)).toContain(`ExecStart="${nvm}/node"`);

    await machine.write('/opt/shim', `#!/bin/sh\nexec ${nvm}/node "$@"\n`);
    await machine.run(`chmod 755 /opt/shim; ${INSTALL} --systemd --node /opt/shim`);
    const real = (await machine.run(`realpath ${nvm}/node`)).trim();
    expect(await machine.read(conf)).toContain(`ExecStart="${real}"`);
  });

  test("takes a map's directory with spaces, per cent signs and quotes in its name", async ({
    machine,
  }) => {
    const dir = "/tmp/it's 100%n mine, *really*";
    await makeChats(machine, { user: USER, dir, idle: ['old'], active: ['new'] });
    await machine.run(`${INSTALL} --systemd --run-as ${USER} --session-dir ${quote(dir)}`);
    await machine.run(`systemctl start ${SERVICE}`);
    await machine.run(chatsLeft(dir, ['new']));
    await machine.run(
      `rm -r ${quote(dir)}; systemd-tmpfiles --create --boot; test -d ${quote(dir)}`,
    );
  });

  test('lets the run write where a link leads the map', async ({ machine }) => {
    await makeChats(machine, {
      user: USER,
      dir: `/home/${USER}/maps`,
      idle: ['old'],
      active: ['new'],
    });
    await asUser(machine, `mkdir ${SESSIONS}; ln -s ~/maps/session_map.json ${SESSIONS}`);
    await machine.run(`${INSTALL} --systemd --run-as ${USER}; systemctl start ${SERVICE}`);
    await machine.run(chatsLeft(`/home/${USER}/maps`, ['new']));
    expect(await machine.run(`stat -c %F ${SESSIONS}/session_map.json`)).toBe('symbolic link\n');
  });

  test('keeps the group that a map has, and its user belongs to', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'], active: ['new'] });
    await machine.run(`usermod -aG daemon ${USER}; chgrp daemon ${SESSIONS}/session_map.json`);
    await machine.run(`${INSTALL} --systemd; systemctl start ${SERVICE}`);
    await machine.run(chatsLeft(SESSIONS, ['new']));
    expect(await machine.run(`stat -c %U:%G ${SESSIONS}/session_map.json`)).toBe(
      `${USER}:daemon\n`,
    );
  });

  test('asks on a terminal, with good defaults, and shows what it will do first', async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    // systemd, user, directory, hours, address, unit, go ahead
    const answers = ['', '', '', '7', '', '', 'y'];
    const shown = await machine.run(
      `script --quiet --return --command ${INSTALL} /dev/null`,
      answers.map((answer) => `${answer}\n`).join(''),
    );
    expect(shown).toContain('Run it by systemd (recommended) or cron? [systemd]');
    expect(shown).toContain(`User that the bridge runs as [${USER}]`);
    expect(shown).toContain(`session directory [${SESSIONS}]`);
    expect(shown.indexOf(`write      ${ENV_FILE}`)).toBeLessThan(shown.indexOf('Go ahead?'));
    expect(await machine.read(ENV_FILE)).toContain('IDLE_THRESHOLD_HOURS="7"\n');
    expect(await machine.run('systemctl is-active claude-session-cleanup.timer')).toBe('active\n');
  });
});

describeSystem('the installer refuses', () => {
  const refusals: Readonly<Record<string, readonly [options: string, reason: string]>> = {
    'a user that does not exist': ['--systemd --run-as nobody-here', 'no such user: nobody-here'],
    'to guess the user': ['--systemd', 'which user does the bridge run as?'],
    'a value that the files could not carry': [
      `--systemd --run-as ${USER} --session-dir '/tmp/"$(reboot)"'`,
      "can't be used",
    ],
    'a line break': [
      `--systemd --run-as ${USER} --session-dir $'/tmp/a\\nUser=root'`,
      "can't be used",
    ],
    'an instance that is a path': ['--systemd --instance ../x', '--instance: takes letters'],
    'hours that are no number': [
      `--systemd --run-as ${USER} --hours 2h`,
      '--hours: takes a positive number',
    ],
    'a bridge on another machine': [
      `--systemd --run-as ${USER} --bridge-url http://192.0.2.1:8000`,
      'on this machine',
    ],
    'a unit that does not exist': [
      `--systemd --run-as ${USER} --bridge-unit no-bridge`,
      'there is no unit',
    ],
    'to ask and to restart the bridge': [
      `--systemd --run-as ${USER} --bridge-url http://[::1]:8000 --bridge-unit dbus`,
      'choose one',
    ],
    'two ways at once': ['--systemd --cron', 'exclude each other'],
    'an unknown option': ['--systemd --frequently', 'unknown option'],
    'to ask without a terminal': ['', 'choose one of --systemd, --user and --cron'],
    'to take away what is not there': ['--systemd --uninstall --run-as root', 'is not installed'],
    'a Node that is too old': [
      `--systemd --run-as ${USER} --node /bin/false`,
      'no Node 20 or later',
    ],
  };

  test('what makes no sense, in one line, and leaves everything as it was', async ({ machine }) => {
    const before = await stateOf(machine);
    for (const [what, [options, reason]] of Object.entries(refusals)) {
      const { status, stderr } = await machine.attempt(`${INSTALL} ${options}`);
      expect([1, 2], what).toContain(status);
      const said = stderr.split('\n').filter((line) => !line.startsWith('install.sh: warning: '));
      expect(said, what).toEqual([expect.stringContaining(reason), '']);
    }
    expect(await stateOf(machine)).toBe(before);
  });

  test("another user's map, a place that its user can't write, and a program that is not built", async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    await machine.run('useradd --create-home other; mkdir /tmp/of-root');
    const others = await machine.attempt(`${INSTALL} --systemd --run-as other`);
    expect(others.stderr).toContain(`belongs to ${USER}: --run-as ${USER}`);
    const unwritable = await machine.attempt(
      `${INSTALL} --systemd --run-as other --session-dir /tmp/of-root`,
    );
    expect(unwritable.stderr).toContain("other can't write in /tmp/of-root");
    const withoutRoot = await machine.attempt(`runuser -u ${USER} ${INSTALL} -- --systemd`);
    expect(withoutRoot.stderr).toContain('--systemd needs root');
    await machine.run(`rm ${PACKAGE}/dist/cli.js`);
    expect((await machine.attempt(`${INSTALL} --systemd`)).stderr).toContain('npm run build');
  });
});
