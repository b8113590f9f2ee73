/** Coming from the first version, a Python script with units of the same names or a line in a crontab. */
import { expect } from 'vitest';
import { makeChats } from './chats.js';
import { installCron } from './cron.js';
import type { Machine } from './machine.js';
import { stateOf } from './state.js';
import { asUser, describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

const UNITS = '/etc/systemd/system';
const SERVICE = `${UNITS}/claude-session-cleanup.service`;
const SCRIPT = '/opt/bridge/cleanup_idle_sessions.py';
const RAN = '/run/first-version-ran';
const ENV_FILE = '/etc/claude-session-cleanup/default.env';
const COPIES = '/etc/claude-session-cleanup/replaced';

/** The first version as people have it: its settings stand in the script, in the unit, or in both. */
interface FirstVersion {
  readonly name?: string;
  readonly constant?: string;
  readonly options?: string;
  readonly lines?: readonly string[];
}

async function installUnits(
  machine: Machine,
  { name = 'claude-session-cleanup', constant = '2', options = '', lines = [] }: FirstVersion = {},
): Promise<void> {
  await machine.write(
    SCRIPT,
    `SESSION_DIR = Path(os.getenv("CLAUDE_SESSION_DIR", Path("${SESSIONS}")))
IDLE_THRESHOLD_HOURS = ${constant}  # Close sessions idle for 2+ hours
open("${RAN}", "w")
IDLE_THRESHOLD_HOURS = float(sys.argv[idx + 1])
`,
  );
  const start = `ExecStart=/usr/bin/python3 ${SCRIPT} ${options}`.trim();
  await machine.write(
    `${UNITS}/${name}.service`,
    ['[Service]', 'Type=oneshot', `User=${USER}`, start, ...lines, ''].join('\n'),
  );
  await machine.write(
    `${UNITS}/${name}.timer`,
    '[Timer]\nOnBootSec=50min\nOnUnitActiveSec=1h\n[Install]\nWantedBy=timers.target\n',
  );
  await machine.run(`systemctl daemon-reload; systemctl enable --now ${name}.timer`);
}

const timers = (machine: Machine): Promise<string> =>
  machine.run(
    `systemctl list-timers --all --no-legend | grep -o '[a-z-]*cleanup[a-z-]*[.]timer' | sort`,
  );

describeSystem('units of our name that are not ours', () => {
  test('are replaced, with a copy and a word, and never started', async ({ machine }) => {
    const dir = '/srv/sessions';
    await machine.run(`install -d -o ${USER} ${dir}`);
    await makeChats(machine, { user: USER, dir, idle: ['old'] });
    await installUnits(machine, {
      lines: ['Environment=IDLE_THRESHOLD_HOURS=6', `Environment="CLAUDE_SESSION_DIR=${dir}"`],
    });
    const original = await machine.read(SERVICE);
    const { status, stdout, stderr } = await machine.attempt(`${INSTALL} --systemd`);
    expect(status).toBe(0);
    expect(stderr).toContain(`${SERVICE} is another program's (/usr/bin/python3 ${SCRIPT})`);
    expect(stdout).toContain(`write      ${COPIES}/claude-session-cleanup.service`);
    expect(await machine.read(`${COPIES}/claude-session-cleanup.service`)).toBe(original);
    expect(await machine.read(ENV_FILE)).toContain(
      `CLAUDE_SESSION_DIR="${dir}"\nIDLE_THRESHOLD_HOURS="6"\n`,
    );
    expect(await machine.run(`systemctl show -P User claude-session-cleanup`)).toBe(`${USER}\n`);
    expect(await timers(machine)).toBe('claude-session-cleanup.timer\n');
    expect(
      await machine.run(`systemctl show -P TimersCalendar claude-session-cleanup.timer`),
    ).toContain('OnCalendar=*-*-* *:00:00');
    await machine.run(`test ! -e ${RAN}`);
  });

  test('give their threshold from wherever it stands, and an option wins', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await machine.write('/etc/first.env', 'IDLE_THRESHOLD_HOURS=5\n');
    const places: readonly (readonly [FirstVersion, string, string])[] = [
      [{ constant: '7.5' }, '', '7.5'],
      [{ constant: '7', options: '--hours 4' }, '', '4'],
      [{ lines: ['EnvironmentFile=-/etc/first.env'] }, '', '5'],
      [{ options: '--hours 4' }, '--hours 9', '9'],
    ];
    for (const [version, options, hours] of places) {
      await installUnits(machine, version);
      const shown = await machine.run(`${INSTALL} --systemd --dry-run ${options}`);
      expect(shown).toContain(`| IDLE_THRESHOLD_HOURS="${hours}"\n`);
    }
  });

  test('are no installation of ours to take away', async ({ machine }) => {
    await installUnits(machine);
    const before = await stateOf(machine);
    const { status, stdout, stderr } = await machine.attempt(`${INSTALL} --systemd --uninstall`);
    expect(status).toBe(1);
    expect(stdout).not.toMatch(/^ {2}(remove|run) /m);
    expect(stderr).toContain(`kept, for another program's: ${UNITS}/claude-session-cleanup.timer`);
    expect(stderr).toContain('is not installed');
    expect(await stateOf(machine)).toBe(before);
  });
});

describeSystem('a job of the first version beside ours', () => {
  const CRONTAB = `MAILTO=""\n0 * * * * python3 ${SCRIPT} --hours 3\n5 5 * * * true\n# python3 ${SCRIPT}\n`;

  test('is named, and stays, unless it is to be ended', async ({ machine }) => {
    await installCron(machine);
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await installUnits(machine, { name: 'cleanup-prod' });
    await asUser(machine, 'crontab -', CRONTAB);
    const { status, stderr } = await machine.attempt(`${INSTALL} --systemd`);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      new RegExp(
        `warning: cleanup-prod.service .*${SCRIPT}.*--migrate ends it, or: sudo systemctl`,
      ),
    );
    expect(stderr).toMatch(new RegExp(`warning: ${USER}'s crontab .*${SCRIPT}.*--migrate ends it`));
    expect(await asUser(machine, 'crontab -l')).toBe(CRONTAB);
    expect(await timers(machine)).toBe('claude-session-cleanup.timer\ncleanup-prod.timer\n');
  });

  test('is ended by --migrate: one timer, the same threshold, and nothing of it left', async ({
    machine,
  }) => {
    await installCron(machine);
    await makeChats(machine, { user: USER, dir: SESSIONS });
    await installUnits(machine, { options: '--hours 6' });
    await machine.write(
      `${SERVICE}.d/override.conf`,
      `[Service]\nExecStart=\nExecStart=/usr/bin/python3 ${SCRIPT} --hours 6\n`,
    );
    await installUnits(machine, { name: 'cleanup-prod', options: '--hours 6' });
    await asUser(machine, 'crontab -', CRONTAB);
    await machine.run('crontab -', CRONTAB);

    const { status, stdout } = await machine.attempt(`${INSTALL} --systemd --migrate`);
    expect(status).toBe(0);
    expect(stdout).toContain("the first version's line from root's crontab");
    expect(await machine.read(ENV_FILE)).toContain('IDLE_THRESHOLD_HOURS="6"\n');
    expect(await timers(machine)).toBe('claude-session-cleanup.timer\n');
    const left = `MAILTO=""\n5 5 * * * true\n# python3 ${SCRIPT}\n`;
    expect(await asUser(machine, 'crontab -l')).toBe(left);
    expect(await machine.run('crontab -l')).toBe(left);
    expect((await machine.run(`ls ${COPIES}`)).split('\n')).toEqual([
      'claude-session-cleanup.service',
      'claude-session-cleanup.timer',
      'cleanup-prod.service',
      'cleanup-prod.timer',
      `crontab-of-${USER}`,
      'crontab-of-root',
      'override.conf',
      '',
    ]);
    expect(await machine.run(`grep -rl cleanup_idle_sessions ${UNITS} || true`)).toBe('');
    await machine.run(`test ! -e ${RAN} -a -e ${SCRIPT}`);
    const again = await machine.run(`${INSTALL} --systemd --migrate`);
    expect(again).not.toMatch(/^ {2}(write|run|remove) /m);
  });
});
