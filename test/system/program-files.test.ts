/** The program's own files: who can read them, who can write them, and the command on the path. */
import { expect } from 'vitest';
import { makeChats } from './chats.js';
import type { Machine } from './machine.js';
import { asUser, describeSystem, INSTALL, PACKAGE, SESSIONS, test, USER } from './test.js';

const NAME = 'claude-session-cleanup';
const PROGRAM = `${PACKAGE}/bin/${NAME}.js`;

describeSystem('the command', () => {
  test('is on the path of all with the system service, until it is taken away', async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    const printed = await machine.run(`${INSTALL} --systemd`);
    expect(printed).toContain(`link       /usr/local/bin/${NAME} to ${PROGRAM}`);
    expect(await asUser(machine, `${NAME} --version`)).toBe(
      await machine.run(`${PROGRAM} --version`),
    );
    await machine.run(`${INSTALL} --systemd --instance dev --run-as ${USER}`);
    await machine.run(`${INSTALL} --systemd --uninstall; test -e /usr/local/bin/${NAME}`);
    await machine.run(`${INSTALL} --systemd --instance dev --uninstall`);
    await machine.run(`test ! -L /usr/local/bin/${NAME}`);
  });

  test("is in a user's own directory with --user", async ({ machine }) => {
    await machine.run(`loginctl enable-linger ${USER}`);
    await asUser(machine, `${INSTALL} --user`);
    expect(await asUser(machine, `readlink .local/bin/${NAME}`)).toBe(`${PROGRAM}\n`);
    await asUser(machine, `${INSTALL} --user --uninstall; test ! -e .local`);
  });

  test('follows the program to another place, and overwrites nothing of others', async ({
    machine,
  }) => {
    const install = `${INSTALL} --systemd --run-as ${USER}`;
    const link = `/usr/local/bin/${NAME}`;
    await machine.run(`${install}; cp -r ${PACKAGE} /srv/moved`);
    await machine.run(`/srv/moved/scripts/install.sh --systemd`);
    expect(await machine.run(`readlink ${link}`)).toBe(`/srv/moved/bin/${NAME}.js\n`);

    for (const make of [`ln -s /bin/true ${link}`, `echo mine >${link}`]) {
      await machine.run(`rm ${link}; ${make}`);
      const before = await machine.run(`ls -l ${link}`);
      const { status, stderr } = await machine.attempt(install);
      expect(status).toBe(0);
      expect(stderr).toContain(`${link} is another program's`);
      await machine.run(`${INSTALL} --systemd --uninstall`);
      expect(await machine.run(`ls -l ${link}`)).toBe(before);
    }
    // As npm makes it.
    await machine.run(`rm ${link}; ln -s ../../..${PROGRAM} ${link}`);
    expect((await machine.attempt(install)).stderr).not.toContain(link);
    await machine.run(`${INSTALL} --systemd --uninstall; test -L ${link}`);
  });
});

describeSystem('a program that others can write', () => {
  test('is warned of, by the file, the directory above it, and Node', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.run('useradd --create-home third; groupadd writers');
    const shown = (options = ''): Promise<string> =>
      machine.run(`${INSTALL} --systemd --dry-run ${options} 2>&1`);
    expect(await shown()).not.toContain('can be written by');
    // What the user or root can write is no news.
    await machine.run(`chown ${USER} ${PACKAGE}/dist; chmod g+w ${PACKAGE}`);
    expect(await shown()).not.toContain('can be written by');
    for (const [path, change, undo] of [
      [`${PACKAGE}/dist/cli.js`, 'chown third', 'chown root'],
      [`${PACKAGE}/node_modules/koffi`, 'chmod o+w', 'chmod o-w'],
      ['/opt/npm', 'chown third', 'chown root'],
    ] as const) {
      await machine.run(`${change} ${path}`);
      expect(await shown()).toContain(`warning: ${path} can be written by others than root and`);
      await machine.run(`${undo} ${path}`);
    }
    await machine.run(`chgrp writers /opt/npm; chmod g+w /opt/npm`);
    expect(await shown()).toContain('warning: /opt/npm can be written by others');
    await machine.run(
      `chmod g-w /opt/npm; mkdir /srv/node; cp -L $(command -v node) /srv/node; chown third /srv/node`,
    );
    expect(await shown('--node /srv/node/node')).toContain('warning: /srv/node can be written by');
  });
});

describeSystem('what the user can not reach', () => {
  const refusal = async (machine: Machine, command: string): Promise<string> => {
    const { status, stderr } = await machine.attempt(command);
    expect(status).toBe(1);
    return stderr;
  };

  test('is said in one line with what to do: a closed clone, a home that is not there', async ({
    machine,
  }) => {
    await machine.run(`mkdir -m 700 /srv/closed; cp -r ${PACKAGE} /srv/closed/clone`);
    const closed = await refusal(
      machine,
      `/srv/closed/clone/scripts/install.sh --systemd --run-as ${USER}`,
    );
    expect(closed).toMatch(
      /^install\.sh: bridge can't read \/srv\/closed\/clone: put it where everybody can, .*\n$/,
    );
    await machine.run('useradd --no-create-home homeless');
    const homeless = await refusal(machine, `${INSTALL} --systemd --run-as homeless`);
    expect(homeless).toMatch(
      /^install\.sh: homeless's home, \/home\/homeless, is not there: .*\n$/,
    );
  });
});
