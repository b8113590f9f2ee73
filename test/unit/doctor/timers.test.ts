import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Manager } from '../../../src/doctor/manager.js';
import { findTimers } from '../../../src/doctor/timers.js';

const NAME = 'claude-session-cleanup';
const OURS = '/usr/bin/node /opt/csc/bin/claude-session-cleanup.js $CLEANUP_ARGS';
const THEIRS = '/usr/bin/python3 /opt/bridge/cleanup_idle_sessions.py';

type Unit = Readonly<Record<string, string>>;

const TIMER: Unit = {
  Id: `${NAME}.timer`,
  Unit: `${NAME}.service`,
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
  User: 'bridge',
  ReadWritePaths: '"-/srv/its maps" -/srv/b',
  ...starting(OURS),
};

function starting(command: string): Unit {
  return { ExecStart: `{ path=/x ; argv[]=${command} ; ignore_errors=no ; pid=0 }` };
}

/** A service manager that knows these units; one without any gives no answer. */
function managerWith(
  timers: readonly Unit[],
  services: readonly Unit[] = [],
  files: string[] = [],
) {
  const dir = mkdtempSync(join(tmpdir(), 'cleanup-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const folder = join(dir, 'units');
  mkdirSync(folder);
  for (const name of files) writeFileSync(join(folder, name), '');
  const blocks = (units: readonly Unit[]): string =>
    units
      .map((unit) => Object.entries(unit).map(([name, value]) => `${name}=${value}\n`))
      .map((lines) => lines.join(''))
      .join('\n');
  writeFileSync(join(dir, 'timers'), blocks(timers));
  writeFileSync(join(dir, 'services'), blocks(services));
  const systemctl = join(dir, 'systemctl');
  writeFileSync(
    systemctl,
    `#!/bin/sh
echo "$@" >>${dir}/asked
[ -s ${dir}/timers ] || exit 1
case "$*" in *'*.timer'*) cat ${dir}/timers ;; *) cat ${dir}/services ;; esac
`,
  );
  chmodSync(systemctl, 0o755);
  return {
    mode: 'systemd',
    account: { name: 'nobody-here', uid: 4711, home: dir },
    label: '',
    systemctl: [systemctl],
    typed: 'systemctl',
    folders: [folder],
  } satisfies Manager;
}

function find(timer: Unit, service: Unit = {}) {
  const found = findTimers(
    managerWith([{ ...TIMER, ...timer }], [{ ...SERVICE, ...service }]),
    true,
  );
  const [check] = found.checks;
  return { check, jobs: found.jobs };
}

describe('a timer of this program', () => {
  it('is well, with its user, its last and its next start', () => {
    const { check, jobs } = find({});
    expect(check).toMatchObject({ subject: `${NAME}.timer`, level: 'ok', fix: null });
    expect(check?.message).toMatch(/^as bridge; last fired 2026-11-30 .*, next 2026-11-30 /);
    expect(jobs).toEqual([
      expect.objectContaining({
        mode: 'systemd',
        instance: 'default',
        user: 'bridge',
        directories: ['/srv/its maps', '/srv/b'],
        lastFired: Date.UTC(2026, 10, 30, 5, 0, 1),
        isSettled: true,
        restartsBridge: false,
        logCommand: `journalctl -u ${NAME}.service -n 30`,
      }),
    ]);
  });

  it('has not fired yet', () => {
    expect(find({ LastTriggerUSec: '' }).check).toMatchObject({
      level: 'ok',
      message: expect.stringContaining('last fired never'),
    });
  });

  it.each([
    [{ ActiveState: 'inactive' }, {}, 'problem', /^installed, but not started$/],
    [{ LoadState: 'masked' }, {}, 'problem', /\.timer is masked/],
    [{}, { LoadState: 'masked' }, 'problem', /\.service is masked/],
    [{}, { LoadState: 'not-found', ExecStart: '' }, 'problem', /\.service can't be used/],
    [{ UnitFileState: 'disabled' }, {}, 'warning', /until the next reboot only/],
    [{ NextElapseUSecRealtime: '' }, {}, 'problem', /will never run again/],
    [
      {},
      { Result: 'exit-code', ExecMainStatus: '203' },
      'problem',
      /^the last start failed \(exit-code, status 203\)/,
    ],
    [{}, { Result: 'resources', ExecMainStatus: '0' }, 'problem', /failed \(resources\)/],
  ])('%j %j: %s', (timer, service, level, message) => {
    const { check } = find(timer, service);
    expect(check).toMatchObject({ level, message: expect.stringMatching(message) });
    expect(check?.fix).toEqual(expect.any(String));
  });

  it('elapses by the time since the machine started', () => {
    const elapse = { NextElapseUSecRealtime: '', NextElapseUSecMonotonic: '28min 29.780582s' };
    expect(find(elapse).check?.message).toContain("next 28min 29s after the machine's start");
  });

  it('is no running job while it is not started, and not settled while its service runs', () => {
    expect(find({ ActiveState: 'inactive' }).jobs).toEqual([]);
    expect(find({}, { ActiveState: 'activating' }).jobs[0]?.isSettled).toBe(false);
    expect(find({}, { Result: 'exit-code' }).jobs[0]?.isSettled).toBe(false);
  });

  it('restarts the bridge afterwards', () => {
    const restart = { ExecStopPost: 'argv[]=/bin/sh -c exec systemctl "$$BRIDGE_UNIT"' };
    expect(find({}, restart).jobs[0]?.restartsBridge).toBe(true);
  });
});

describe('a timer of another program', () => {
  it('is said by the name of what it starts, whatever its own name', () => {
    for (const name of [NAME, 'hourly-cleanup']) {
      const { check, jobs } = find(
        { Id: `${name}.timer`, Unit: `${name}.service` },
        { Id: `${name}.service`, ...starting(THEIRS) },
      );
      expect(check).toMatchObject({
        subject: `${name}.timer`,
        level: 'warning',
        message: `starts another program, not this one: ${THEIRS}`,
        fix: expect.stringContaining(`systemctl disable --now ${name}.timer`),
      });
      expect(jobs).toEqual([]);
    }
  });

  it('is nothing of ours when it has neither the name nor the predecessor', () => {
    const other = {
      Id: 'logrotate.service',
      ...starting('/usr/sbin/logrotate /etc/logrotate.conf'),
    };
    const timer = { Id: 'logrotate.timer', Unit: 'logrotate.service' };
    expect(find(timer, other)).toEqual({ check: undefined, jobs: [] });
  });

  it('does no harm while it is not started', () => {
    expect(find({ ActiveState: 'inactive' }, starting(THEIRS)).check).toBeUndefined();
  });
});

it('an instance is known by what its installation left, also when no list has it', () => {
  const files = [`${NAME}@dev.service.d`, 'half.env', `${NAME}@.timer`, 'unrelated.timer'];
  const manager = managerWith([TIMER], [SERVICE], files);
  findTimers(manager, true);
  const named = findTimers({ ...manager, systemctl: ['/bin/false'] }, true);
  expect(named.checks.map(({ subject }) => subject)).toEqual([
    `${NAME}@dev.timer`,
    `${NAME}@half.timer`,
  ]);
});

it('a manager that gives no answer runs only while its user is logged in', () => {
  const { checks } = findTimers(managerWith([], [], [`${NAME}.timer`]), true);
  expect(checks).toEqual([
    expect.objectContaining({
      level: 'problem',
      message: expect.stringContaining('runs only while nobody-here is logged in'),
      fix: expect.stringMatching(/loginctl enable-linger nobody-here$/),
    }),
  ]);
});

it('a manager that gives no answer, and for which nothing is installed, is nothing to tell', () => {
  expect(findTimers(managerWith([]), true).checks).toEqual([]);
});

it('without systemd there is nothing', () => {
  expect(findTimers(managerWith([TIMER], [SERVICE]), false).checks).toEqual([]);
});
