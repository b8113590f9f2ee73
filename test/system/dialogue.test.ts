/** The installer's questions, on a terminal. */
import { expect } from 'vitest';
import { makeChats } from './chats.js';
import type { Ended } from './command.js';
import type { Machine } from './machine.js';
import { stateOf } from './state.js';
import { describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

const ENV_FILE = '/etc/claude-session-cleanup/default.env';

/** What is asked, in this order, and what is answered to take the default. */
const QUESTIONS = [
  'systemd (recommended) or cron?',
  'User that the bridge runs as',
  'session directory',
  '(hours)',
  "bridge's address",
  "bridge's unit",
  'Go ahead?',
];

/** Answers the questions on a terminal; then the input ends. */
function talk(machine: Machine, answers: readonly string[]): Promise<Ended> {
  return machine.attempt(
    `script --quiet --return --command 'stty cols 200; ${INSTALL}' /dev/null`,
    answers.map((answer) => `${answer}\n`).join(''),
  );
}

describeSystem('the dialogue', () => {
  test('stops at the end of input, at whatever question, and installs nothing', async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    const before = await stateOf(machine);
    for (const [at, question] of QUESTIONS.entries()) {
      const { status, stdout } = await talk(machine, Array(at).fill(''));
      expect(status, question).toBe(1);
      expect(stdout).toContain(question);
      expect(stdout).toContain('end of input: nothing was installed');
      for (const later of QUESTIONS.slice(at + 1)) expect(stdout).not.toContain(later);
    }
    expect(await stateOf(machine)).toBe(before);
  });

  test('asks again at once after a wrong answer, and says what is wrong with it', async ({
    machine,
  }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    const { status, stdout } = await talk(machine, [
      ...['launchd', 'systemd'],
      ...['nobody-here', USER],
      ...['sessions', SESSIONS],
      ...['two', '3'],
      ...['http://192.0.2.1:8000', 'none'],
      ...['no-bridge', ''],
      ...['perhaps', 'y'],
    ]);
    expect(status).toBe(0);
    for (const reason of [
      'answer systemd or cron, not launchd',
      'no such user: nobody-here',
      "a directory's whole path is needed",
      'It takes a positive number of hours',
      'on this machine',
      'there is no unit no-bridge',
      'answer y or n, not perhaps',
    ]) {
      expect(stdout).toContain(`  ${reason}`.trim());
    }
    for (const question of QUESTIONS) expect(stdout.split(question).length - 1).toBe(2);
    expect(await machine.read(ENV_FILE)).toContain('IDLE_THRESHOLD_HOURS="3"\n');
  });

  test('ends what cleaned before, when it is told to', async ({ machine }) => {
    await makeChats(machine, { user: USER, dir: SESSIONS, idle: ['old'] });
    const unit = '/etc/systemd/system/chats-cleanup';
    await machine.write(
      `${unit}.service`,
      '[Service]\nExecStart=/usr/bin/python3 /opt/cleanup_idle_sessions.py --hours 4\n',
    );
    await machine.write(
      `${unit}.timer`,
      '[Timer]\nOnBootSec=1h\n[Install]\nWantedBy=timers.target',
    );
    await machine.run('systemctl daemon-reload; systemctl enable --now chats-cleanup.timer');
    const { stdout } = await talk(machine, ['', '', 'y', ...QUESTIONS.slice(2).map(() => '')]);
    expect(stdout).toContain('End what cleaned before?');
    expect(stdout).toContain('(hours) [4]');
    await machine.run(
      `test ! -e ${unit}.timer; systemctl is-active claude-session-cleanup.timer
       ! systemctl is-active chats-cleanup.timer`,
    );
  });
});
