import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../name.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { localTime } from '../output/time.js';
import type { Account } from '../system/account.js';
import { ask, namesIn } from './ask.js';
import {
  type Found,
  installCommand,
  type Job,
  otherProgram,
  PREDECESSOR,
  SUDO,
  settingsIn,
  unanswered,
} from './job.js';

/** What a unit's settings and state are called, and what they are. */
type Unit = Readonly<Record<string, string>>;

const OURS = /(^|[\s/])claude-session-cleanup(\.js)?(\s|$)/;

/**
 * Looks at the timers that have this program's name or start its predecessor, those of the system and
 * those of the user's own manager, which runs only while its user has a login or lingers.
 *
 * @param isBooted whether systemd is the first process: otherwise nobody is there to be asked (sd_booted(3))
 */
export function findTimers(
  account: Account | undefined,
  isBooted = existsSync('/run/systemd/system'),
): Found[] {
  if (!isBooted) return [];
  const ofSystem = timersOf('systemd', ['systemctl'], '/etc') ?? [unanswered('systemd')];
  if (account === undefined) return ofSystem;
  const { name, uid, home } = account;
  // sudo and su leave the variable out.
  const runtime = process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${uid}`;
  const systemctl = ['env', `XDG_RUNTIME_DIR=${runtime}`, 'systemctl', '--user'];
  const config = process.env['XDG_CONFIG_HOME'] || join(home, '.config');
  const found = timersOf('user', systemctl, config);
  if (found !== undefined) return [...ofSystem, ...found];
  const units = namesIn(join(config, 'systemd/user'));
  if (!units.some((unit) => unit.startsWith(PROGRAM))) return ofSystem;
  const message = `${name}'s own systemd does not answer: it runs only while ${name} is logged in`;
  const fix = `${SUDO}loginctl enable-linger ${name}`;
  return [...ofSystem, { check: problem(`${PROGRAM}.timer (user)`, message, fix) }];
}

/**
 * What a manager of services has of ours.
 *
 * @param systemctl the command that asks it
 * @param config the directory of all programs' settings
 * @returns undefined when it does not answer
 */
function timersOf(
  mode: 'systemd' | 'user',
  systemctl: readonly string[],
  config: string,
): Found[] | undefined {
  const settings = join(config, PROGRAM);
  const instances = namesIn(settings).flatMap((file) => /^([\w.-]+)\.env$/.exec(file)?.[1] ?? []);
  const names = [PROGRAM, ...instances.map((instance) => `${PROGRAM}@${instance}`)];
  // The pattern alone does not show what is neither enabled nor started.
  const timers = unitsOf(systemctl, ['*.timer', ...names.map((name) => `${name}.timer`)]);
  const services = timers && unitsOf(systemctl, [...timers.values()].map(serviceOf));
  if (timers === undefined || services === undefined) return undefined;
  const typed = `${mode === 'systemd' ? SUDO : ''}${systemctl.join(' ')}`;
  return [...timers].flatMap(([name, timer]): Found[] => {
    const service = services.get(serviceOf(timer)) ?? {};
    const starts = /argv\[\]=(.*?) ; ignore_errors=/.exec(service['ExecStart'] ?? '')?.[1] ?? '';
    const isNamed = name.startsWith(PROGRAM) && timer['LoadState'] !== 'not-found';
    if (!isNamed && !PREDECESSOR.test(starts)) return [];
    if (starts !== '' && !OURS.test(starts)) {
      if (timer['ActiveState'] !== 'active') return [];
      const message = `starts another program, not this one: ${starts}`;
      return [otherProgram(name, message, `${typed} disable --now ${name}`)];
    }
    const instance = /@(.+)\.timer$/.exec(name)?.[1] ?? 'default';
    // Of one that runs now, or has failed, more is known than that it was due.
    const isSettled = service['ActiveState'] === 'inactive' && service['Result'] === 'success';
    const job: Job = {
      ...{ mode, instance, subject: mode === 'user' ? `${name} (user)` : name },
      ...settingsIn(join(settings, `${instance}.env`)),
      dueAt: isSettled ? (timeOf(timer['LastTriggerUSec']) ?? 0) : 0,
      logCommand: `${typed.replace('systemctl', 'journalctl')} -u ${service['Id']} -n 30`,
    };
    const check = checkTimer(job, timer, service, typed);
    return [timer['ActiveState'] === 'active' ? { check, job } : { check }];
  });
}

/** Units by their names; undefined when the manager does not answer. */
function unitsOf(
  systemctl: readonly string[],
  names: readonly string[],
): ReadonlyMap<string, Unit> | undefined {
  const { answered, stdout } = ask([...systemctl, 'show', '--all', '--', ...names]);
  if (!answered) return undefined;
  return new Map(
    stdout.split('\n\n').map((block): [string, Unit] => {
      const lines = [...block.matchAll(/^(\w+)=(.*)$/gm)];
      const unit: Unit = Object.fromEntries(lines.map(([, name, value]) => [name, value]));
      return [unit['Id'] ?? '', unit];
    }),
  );
}

function serviceOf(timer: Unit): string {
  return timer['Unit'] || (timer['Id'] ?? '').replace(/timer$/, 'service');
}

function checkTimer(job: Job, timer: Unit, service: Unit, typed: string): Finding {
  const { subject, logCommand } = job;
  const { Id: name, ActiveState: state, SubState: phase, UnitFileState: file } = timer;
  const unusable = [timer, service].find(({ LoadState }) => LoadState !== 'loaded');
  if (unusable !== undefined) {
    const { Id: unit, LoadState: load } = unusable;
    const fix = load === 'masked' ? `${typed} unmask ${unit}` : installCommand(job);
    return problem(subject, `${unit} is ${load}: nothing can start it`, fix);
  }
  if (state !== 'active') {
    return problem(subject, 'installed, but not started', `${typed} enable --now ${name}`);
  }
  const last = timeOf(timer['LastTriggerUSec']);
  const times = `last fired ${last === undefined ? 'never' : localTime(last)}, next ${nextOf(timer)}`;
  const { Result: result, ExecMainStatus: status, User: user } = service;
  if (result !== 'success') {
    const cause = status === '0' ? result : `${result}, status ${status}`;
    return problem(subject, `the last start failed (${cause}); ${times}`, logCommand);
  }
  if (phase === 'elapsed') {
    const message = `started, but it will never run again; ${times}`;
    return problem(subject, message, `correct its OnCalendar=: systemctl cat ${name}`);
  }
  return file === 'enabled'
    ? ok(subject, `${user ? `as ${user}; ` : ''}${times}`)
    : warning(subject, `runs until the next reboot only; ${times}`, `${typed} enable ${name}`);
}

/** When a timer elapses next, by the clock or by what has passed since the machine started. */
function nextOf({ SubState, NextElapseUSecRealtime, NextElapseUSecMonotonic }: Unit): string {
  if (SubState !== 'waiting') return SubState === 'running' ? 'after this run' : 'never';
  const next = timeOf(NextElapseUSecRealtime);
  return next === undefined
    ? `${NextElapseUSecMonotonic} after the machine's start`
    : localTime(next);
}

/** A time such as `Mon 2026-11-30 05:00:01 UTC`, in ms since the epoch. */
function timeOf(shown = ''): number | undefined {
  const time = Date.parse(shown.replace(/^\w+ /, ''));
  return Number.isNaN(time) ? undefined : time;
}
