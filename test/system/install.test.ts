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

  test('lets man and the shells know the program, until the last instance is gone', async ({
    machine,
  }) => {
    await machine.run(`install -d -m 700 -o ${USER} -g ${USER} ${SESSIONS} ${SESSIONS}_dev`);
    // fish completes only what it can run.
    await machine.run(
      `ln -s ${PACKAGE}/bin/claude-session-cleanup.js /usr/local/bin/claude-session-cleanup`,
    );
    const before = await stateOf(machine);
    const install = `${INSTALL} --systemd --run-as ${USER}`;
    await machine.run(`${install}; ${install} --instance dev; ${INSTALL} --systemd --uninstall`);
    await machine.run('mandoc -T lint -W error /usr/local/share/man/man1/claude-session-cleanup.1');
    const bash = '/usr/local/share/bash-completion/completions/claude-session-cleanup';
    expect(await machine.run(`bash -c '. ${bash}; complete -p claude-session-cleanup'`)).toContain(
      '-F',
    );
    expect(await machine.run(`fish -c 'complete -C "claude-session-cleanup doc"'`)).toContain(
      'doctor',
    );
    expect(
      await machine.run(
        `zsh -fc 'autoload -U compinit; compinit -u -D; print $_comps[claude-session-cleanup]'`,
      ),
    ).toBe('_claude-session-cleanup\n');
    await machine.run(`${INSTALL} --systemd --instance dev --uninstall`);
    expect(await stateOf(machine)).toBe(before);
  });

  test('can be undone when it was broken off, and when its user is gone', async ({ machine }) => {
    const before = await stateOf(machine);
    await machine.run('useradd --create-home other; install -d -o other /srv/maps');
    const install = `${INSTALL} --systemd --run-as other --session-dir /srv/maps`;
    await machine.run(`${install}; ${install} --instance half`);
    await machine.run(
      `rm -r /etc/systemd/system/claude-session-cleanup@half.service.d
       systemctl stop user@$(id -u other) || true; userdel --remove other`,
    );
    await machine.run(`${INSTALL} --systemd --instance half --uninstall`);
    await machine.run(`${INSTALL} --systemd --uninstall`);
    const left = (await stateOf(machine)).split('\n').filter((line) => !before.includes(line));
    expect(left.filter((line) => line.includes('claude'))).toEqual([]);
  });

  test('shows every file and command with --dry-run, and does nothing', async ({ machine }) => {
    const before = await stateOf(machine);
    const shown = await machine.run(`${INSTALL} --systemd --run-as ${USER} --dry-run`);
    expect(
      shown.match(/^ {2}(?:write|link|run) .*/gm)?.map((line) => line.replace(/ +/g, ' ')),
    ).toEqual([
      ` write ${ENV_FILE}`,
      ` write /etc/systemd/system/${SERVICE}`,
      ' write /etc/systemd/system/claude-session-cleanup.timer',
      ` write /etc/systemd/system/${SERVICE}.d/10-instance.conf`,
      ' run systemctl daemon-reload',
      ' write /etc/tmpfiles.d/claude-session-cleanup.conf',
      ' run systemd-tmpfiles --create /etc/tmpfiles.d/claude-session-cleanup.conf',
      ' run systemctl --quiet enable --now claude-session-cleanup.timer',
      ` link /usr/local/bin/claude-session-cleanup to ${PACKAGE}/bin/claude-session-cleanup.js`,
      ' write /etc/claude-session-cleanup/command',
      ' write /usr/local/share/man/man1/claude-session-cleanup.1',
      ' write /usr/local/share/bash-completion/completions/claude-session-cleanup',
      ' write /etc/fish/completions/claude-session-cleanup.fish',
      ' write /usr/local/share/zsh/site-functions/_claude-session-cleanup',
    ]);
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

  test('takes over what the environment says of the CLIs, and keeps it', async ({ machine }) => {
    const settings = `grep CLAUDE_CONFIG_DIR ${ENV_FILE}`;
    for (const dir of ['/srv/one', '/srv/two']) {
      await machine.run(`CLAUDE_CONFIG_DIR=${dir} ${INSTALL} --systemd --run-as ${USER}`);
      expect(await machine.run(settings)).toBe(`CLAUDE_CONFIG_DIR="${dir}"\n`);
    }
    await machine.run(`${INSTALL} --systemd --hours 3`);
    expect(await machine.run(settings)).toBe('CLAUDE_CONFIG_DIR="/srv/two"\n');
  });

  test('can be read by its user, whatever root keeps from others', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    const printed = await machine.run(`umask 077; ${INSTALL} --systemd 2>&1`);
    expect(printed).not.toContain('warning: doctor');
    await asUser(machine, `cat ${ENV_FILE} /etc/systemd/system/${SERVICE}.d/10-instance.conf`);
  });

  test("makes the map's directory before anybody else does", async ({ machine }) => {
    await machine.run(`${INSTALL} --systemd --run-as ${USER}`);
    expect(await machine.run(`stat -c '%a %U %G' ${SESSIONS}`)).toBe(`700 ${USER} ${USER}\n`);
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

    // A login shell that had the terminal would stop for ever.
    const onTerminal = `runuser -u ${USER} -- env HOME=/home/${USER} ${INSTALL} --cron --dry-run`;
    const shown = await machine.run(`script --quiet --return --command '${onTerminal}' /dev/null`);
    expect(shown).toContain('cron is not installed here');
    expect(shown).toContain(`"${nvm}/node" "${PACKAGE}/bin/claude-session-cleanup.js"`);

    await machine.write('/opt/shim', `#!/bin/sh\nexec ${nvm}/node "$@"\n`);
    await machine.run(`chmod 755 /opt/shim; ${INSTALL} --systemd --node /opt/shim`);
    const real = (await machine.run(`realpath ${nvm}/node`)).trim();
    expect(await machine.read(conf)).toContain(`ExecStart="${real}"`);

    await machine.run(`mkdir /opt/a=b; ln -s ${real} /opt/a=b/node`);
    await machine.run(`${INSTALL} --systemd --node /opt/a=b/node`);
    expect(await machine.read(conf)).toContain('ExecStart="/opt/a=b/node"');
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

  test('runs as whoever made the link that a map is, not as whom it leads to', async ({
    machine,
  }) => {
    await asUser(machine, `mkdir ${SESSIONS}; ln -s /etc/hostname ${SESSIONS}/session_map.json`);
    expect(await machine.run(`${INSTALL} --systemd --dry-run`)).toContain(`| User=${USER}\n`);
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
      'It takes a positive number of hours',
    ],
    'more hours than the program takes': [
      `--systemd --run-as ${USER} --hours 99999999999999`,
      'at most 876000',
    ],
    'a bridge on another machine': [
      `--systemd --run-as ${USER} --bridge-url http://192.0.2.1:8000`,
      'on this machine',
    ],
    'a unit that does not exist': [
      `--systemd --run-as ${USER} --bridge-unit no-bridge`,
      'there is no unit',
    ],
    'metrics that nobody would read': [
      `--systemd --run-as ${USER} --metrics /var/lib/metrics.txt`,
      'end in .prom',
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

  test('what a link of the user would bring into a file of root', async ({ machine }) => {
    const before = await stateOf(machine);
    const names = ["$'a\\nUser=root\\nExecStartPre=+touch /run/owned\\n#'", `'say "maps"'`];
    for (const name of names) {
      await asUser(
        machine,
        `mkdir -p ~/maps/${name} ${SESSIONS}; ln -sfn ~/maps/${name}/session_map.json ${SESSIONS}/session_map.json`,
      );
      const { status, stderr } = await machine.attempt(`${INSTALL} --systemd --run-as ${USER}`);
      expect(status).toBe(1);
      expect(stderr).toContain('where the map leads');
    }
    await asUser(machine, `rm -r ~/maps ${SESSIONS}`);
    expect(await stateOf(machine)).toBe(before);
  });

  test('a Node that says it is what systemd would run as root, or what is no path at all', async ({
    machine,
  }) => {
    const before = await stateOf(machine);
    for (const said of [`+/home/${USER}/evil=1`, 'PATH=/tmp', '$(reboot)']) {
      await machine.write('/opt/node', `#!/bin/sh\necho ${quote(said)}\n`);
      const { status, stderr } = await machine.attempt(
        `chmod 755 /opt/node; ${INSTALL} --systemd --run-as ${USER} --node /opt/node`,
      );
      expect(status).toBe(1);
      expect(stderr).toContain('not a path of Node');
    }
    expect(await stateOf(machine)).toBe(before);
  });

  test("another user's directory, which root would keep for him, and one that is open to all", async ({
    machine,
  }) => {
    await machine.run('useradd --create-home other');
    const before = await stateOf(machine);
    for (const [owner, mode, reason] of [
      ['other', '1777', `${SESSIONS} belongs to other`],
      ['other', '0755', `${SESSIONS} belongs to other`],
      [USER, '0777', `chmod o-w '${SESSIONS}'`],
    ] as const) {
      await machine.run(`install -d -o ${owner} -m ${mode} ${SESSIONS}`);
      const { status, stderr } = await machine.attempt(`${INSTALL} --systemd --run-as ${USER}`);
      expect(status).toBe(1);
      expect(stderr).toContain(reason);
      await machine.run(`rmdir ${SESSIONS}`);
    }
    expect(await stateOf(machine)).toBe(before);
  });

  test("another user's map, a place that its user can't write, and a program that is not built", async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    await machine.run('useradd --create-home other; mkdir /tmp/of-root');
    const others = await machine.attempt(`${INSTALL} --systemd --run-as other`);
    expect(others.stderr).toMatch(new RegExp(`belongs to ${USER}[^\\n]*: --run-as ${USER}`));
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
