/** What the service leaves for those who look after it: lines in the journal, and metrics. */
import { expect } from 'vitest';
import { makeChats } from './chats.js';
import type { Machine } from './machine.js';
import { describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

const SERVICE = 'claude-session-cleanup.service';
const METRICS = '/var/lib/node-exporter/cleanup.prom';

async function journal(machine: Machine, ...options: string[]): Promise<string[]> {
  const filter = `_SYSTEMD_UNIT=${SERVICE} -o cat ${options.join(' ')}`;
  const text = await machine.run(`journalctl --sync; journalctl --quiet ${filter}`);
  return text.split('\n').filter((line) => line !== '');
}

describeSystem('in the journal', () => {
  test('a run is a line for each removal and one for the run, and no warning', async ({
    machine,
  }) => {
    const { old } = await makeChats(machine, {
      user: USER,
      dir: SESSIONS,
      idle: ['old'],
      active: ['new'],
    });
    await machine.run(`${INSTALL} --systemd; journalctl --sync --rotate --vacuum-time=1s`);
    await machine.run(`systemctl start ${SERVICE}`);
    const [removal, run, ...more] = await journal(machine, '-p info', '-n 2');
    expect(removal).toMatch(
      new RegExp(`^removed claude-cli/old: session ${old}, idle for 5\\.\\dh \\(last: .*\\)$`),
    );
    expect(run).toBe('2 checked (1 active, 1 idle), 1 removed; threshold 2h');
    expect(more).toEqual([]);
    expect(await journal(machine, '-p warning')).toEqual([]);
  });

  test('-p warning shows the problems alone', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'], active: ['new'] });
    await machine.run(`${INSTALL} --systemd; chmod g+w ${SESSIONS}; systemctl start ${SERVICE}`);
    const problems = await journal(machine, '-p warning');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^claude-session-cleanup: warning: .*group/);
    expect(await journal(machine, '-p info')).toContain(
      '2 checked (1 active, 1 idle), 1 removed; threshold 2h',
    );
  });
});

describeSystem('--metrics', () => {
  test('has the sandboxed service write a file that every user may read', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'], active: ['new'] });
    const install = `${INSTALL} --systemd --metrics ${METRICS}`;
    const refused = await machine.attempt(install);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`--metrics: ${USER} can't write in /var/lib/node-exporter`);

    await machine.run(`install -d -o ${USER} /var/lib/node-exporter; ${install}`);
    await machine.run(`systemctl start ${SERVICE}`);
    expect(await machine.run(`stat -c %a ${METRICS}`)).toBe('644\n');
    const removed = 'claude_session_cleanup_removed_mappings_total';
    expect(await machine.read(METRICS)).toContain(
      `${removed}{map="${SESSIONS}/session_map.json"} 1\n`,
    );

    await machine.run(`echo '{' >${SESSIONS}/session_map.json`);
    expect((await machine.attempt(`systemctl start ${SERVICE}`)).status).not.toBe(0);
    expect(await machine.read(METRICS)).toMatch(/last_run_success\{[^}]*\} 0\n/);
    expect(await machine.read(METRICS)).toContain(`${removed}{map=`);
  });
});
