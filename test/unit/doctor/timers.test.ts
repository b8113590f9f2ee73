import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { findTimers } from '../../../src/doctor/timers.js';
import { HOUR_MS, Home } from '../../support/home.js';
import { standIn } from './stand-in.js';

const NAME = 'claude-session-cleanup';

type Unit = Readonly<Record<string, string>>;

const TIMER: Unit = {
  Id: `${NAME}.timer`,
  LoadState: 'loaded',
  ActiveState: 'active',
  SubState: 'waiting',
  UnitFileState: 'enabled',
  LastTriggerUSec: 'Mon 2026-11-30 05:00:01 UTC',
  NextElapseUSecRealtime: 'Mon 2026-11-30 06:00:00 UTC',
};

const SERVICE: Unit = {
  Id: `${NAME}.service`,
  LoadState: 'loaded',
  ActiveState: 'inactive',
  Result: 'success',
  ExecMainStatus: '0',
  User: 'bridge',
};

let home: Home;

beforeEach(() => {
  home = new Home();
  vi.stubEnv('XDG_CONFIG_HOME', '');
  vi.stubEnv('XDG_RUNTIME_DIR', undefined);
});

function blocks(units: readonly Unit[]): string {
  const texts = units.map((unit) =>
    Object.entries(unit).map(([name, value]) => `${name}=${value}`),
  );
  return texts.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

/** What is found where these are the units; undefined for a manager that gives no answer. */
function find(system: readonly Unit[] | undefined, users?: readonly Unit[] | undefined) {
  const tell = (units: readonly Unit[] | undefined, name: string): string => {
    if (units === undefined) return 'exit 1';
    const [timers, services] = ['timer', 'service'].map((type) =>
      home.file(`${name}-${type}s`, 0, blocks(units.filter(({ Id }) => Id?.endsWith(type)))),
    );
    return `case "$*" in *.service*) cat ${services} ;; *) cat ${timers} ;; esac`;
  };
  standIn(
    home,
    'systemctl',
    `echo "$@" >>${home.dir}/asked
if [ "$1" = --user ]; then ${tell(users, 'users')}; else ${tell(system, 'system')}; fi`,
  );
  return findTimers({ name: 'bridge', uid: 4711, home: home.dir }, true);
}

/** The one timer of the system, in some state. */
function findOne(timer: Unit, service: Unit = {}) {
  const [found, ...others] = find([
    { ...TIMER, ...timer },
    { ...SERVICE, ...service },
  ]);
  expect(others).toEqual([]);
  return found;
}

describe('a timer', () => {
  it('is well, with its user, its last and its next start', () => {
    const found = findOne({});
    expect(found?.check).toMatchObject({ subject: `${NAME}.timer`, level: 'ok', fix: null });
    expect(found?.check.message).toMatch(/^as bridge; last fired 2026-11-30 .*, next 2026-11-30 /);
    expect(found?.job).toMatchObject({
      mode: 'systemd',
      instance: 'default',
      dueAt: Date.UTC(2026, 10, 30, 5, 0, 1),
      logCommand: expect.stringMatching(`journalctl -u ${NAME}.service -n 30$`),
    });
  });

  it('has not fired yet', () => {
    const found = findOne({ LastTriggerUSec: '' });
    expect(found?.check).toMatchObject({
      level: 'ok',
      message: expect.stringContaining('last fired never'),
    });
    expect(found?.job?.dueAt).toBe(0);
  });

  it.each([
    [{ ActiveState: 'inactive' }, {}, 'problem', /^installed, but not started$/, /enable --now/],
    [{ LoadState: 'masked' }, {}, 'problem', /\.timer is masked/, /systemctl unmask .*\.timer$/],
    [{}, { LoadState: 'masked' }, 'problem', /\.service is masked/, /unmask .*\.service$/],
    [{}, { LoadState: 'not-found' }, 'problem', /\.service is not-found/, /install\.sh --systemd$/],
    [{ UnitFileState: 'disabled' }, {}, 'warning', /until the next reboot only/, /enable \S+$/],
    [{ SubState: 'elapsed' }, {}, 'problem', /will never run again; .* next never/, /OnCalendar/],
    [
      {},
      { Result: 'exit-code', ExecMainStatus: '203' },
      'problem',
      /^the last start failed \(exit-code, status 203\); last fired/,
      /journalctl/,
    ],
    [
      {},
      { Result: 'resources', ExecMainStatus: '0' },
      'problem',
      /failed \(resources\)/,
      /journalctl/,
    ],
  ])('%j %j: %s', (timer, service, level, message, fix) => {
    expect(findOne(timer, service)?.check).toMatchObject({
      level,
      message: expect.stringMatching(message),
      fix: expect.stringMatching(fix),
    });
  });

  it('elapses by the time since the machine started', () => {
    const elapse = { NextElapseUSecRealtime: '', NextElapseUSecMonotonic: '28min 29s' };
    expect(findOne(elapse)?.check.message).toContain("next 28min 29s after the machine's start");
  });

  it('elapses after a run that is under way', () => {
    const found = findOne({ SubState: 'running' }, { ActiveState: 'activating' });
    expect(found?.check.message).toContain('next after this run');
  });

  it('is no job while it is not started', () => {
    expect(findOne({ ActiveState: 'inactive' })?.job).toBeUndefined();
  });

  it('is not known to be due while its service runs, or after that has failed', () => {
    expect(findOne({}, { ActiveState: 'activating' })?.job?.dueAt).toBe(0);
    expect(findOne({}, { Result: 'exit-code' })?.job?.dueAt).toBe(0);
  });

  const PYTHON = '/usr/bin/python3 /opt/bridge/cleanup_idle_sessions.py';
  const starts = (command: string): Unit => ({
    ExecStart: `{ path=/x ; argv[]=${command} ; ignore_errors=no ; start_time=[n/a] }`,
  });

  it('may start another program under this name, or the predecessor under any', () => {
    const script = '/opt/claude-session-cleanup/bin/claude-session-cleanup.js';
    expect(findOne({}, starts(`/usr/bin/node ${script}`))?.job).toBeDefined();
    const others = [NAME, 'idle-chats'].flatMap((name) => [
      { ...TIMER, Id: `${name}.timer`, Unit: `${name}.service` },
      { ...SERVICE, Id: `${name}.service`, ...starts(PYTHON) },
    ]);
    const unrelated = { ...TIMER, Id: 'logrotate.timer' };
    expect(find([...others, unrelated])).toEqual(
      [NAME, 'idle-chats'].map((name) => ({
        check: {
          subject: `${name}.timer`,
          level: 'warning',
          message: `starts another program, not this one: ${PYTHON}`,
          fix: expect.stringMatching(`systemctl disable --now ${name}.timer$`),
        },
      })),
    );
    expect(findOne({ ActiveState: 'inactive' }, starts(PYTHON))).toBeUndefined();
  });

  it('is not installed where its file is not there', () => {
    expect(findOne({ LoadState: 'not-found' })).toBeUndefined();
  });
});

describe("the user's own manager", () => {
  const DEV = [
    { ...TIMER, Id: `${NAME}@dev.timer` },
    { ...SERVICE, Id: `${NAME}@dev.service`, User: '' },
  ];

  it('has timers, too, with the settings of their instances', () => {
    home.file(`.config/${NAME}/dev.env`, 3, 'CLAUDE_SESSION_DIR="/srv/dev"\n');
    const [found] = find([], DEV);
    expect(found?.check).toMatchObject({
      subject: `${NAME}@dev.timer (user)`,
      message: expect.stringMatching(/^last fired/),
    });
    expect(found?.job).toMatchObject({
      mode: 'user',
      instance: 'dev',
      directory: '/srv/dev',
      changedAt: expect.closeTo(Date.now() - 3 * HOUR_MS, -5),
      logCommand: `env XDG_RUNTIME_DIR=/run/user/4711 journalctl --user -u ${NAME}@dev.service -n 30`,
    });
  });

  it('is asked by name for each instance: no list has what is neither enabled nor started', () => {
    for (const file of ['dev.env', 'dev.sh', 'a b.env']) home.file(`.config/${NAME}/${file}`, 0);
    find([], DEV);
    const asked = readFileSync(join(home.dir, 'asked'), 'utf8').split('\n');
    const [timers, services] = asked.filter((words) => words.startsWith('--user'));
    expect(timers).toBe(`--user show --all -- *.timer ${NAME}.timer ${NAME}@dev.timer`);
    expect(services).toBe(`--user show --all -- ${NAME}@dev.service`);
  });

  it('that gives no answer is nothing to tell when nothing is installed there', () => {
    expect(find([])).toEqual([]);
  });

  it('that gives no answer runs only while its user is logged in', () => {
    home.file(`.config/systemd/user/${NAME}.timer`, 0);
    expect(find([])).toEqual([
      {
        check: expect.objectContaining({
          subject: `${NAME}.timer (user)`,
          level: 'problem',
          message: expect.stringContaining('only while bridge is logged in'),
          fix: expect.stringMatching(/loginctl enable-linger bridge$/),
        }),
      },
    ]);
  });
});

it('a system that gives no answer is not the same as nothing', () => {
  expect(find(undefined)).toEqual([
    {
      check: expect.objectContaining({ level: 'warning', message: 'could not ask systemd' }),
    },
  ]);
});

it('without systemd there is nothing', () => {
  expect(findTimers({ name: 'bridge', uid: 4711, home: home.dir }, false)).toEqual([]);
});

it('without an account there are those of the system', () => {
  find([TIMER, SERVICE], []);
  expect(findTimers(undefined, true)).toHaveLength(1);
});
