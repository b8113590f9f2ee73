import { existsSync, statSync } from 'node:fs';
import { PROGRAM } from '../name.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { localTime } from '../output/time.js';
import { namesIn } from './files.js';
import {
  type Findings,
  installCommand,
  type Job,
  NOTHING,
  PREDECESSOR,
  together,
  unanswered,
} from './job.js';
import { type Manager, SYSTEM, type Unit, unitsOf } from './manager.js';
import { SUDO } from './this-program.js';

const OURS = /(^|[\s/])claude-session-cleanup(\.js)?(\s|$)/;

/**
 * Looks at every timer that starts this program or its predecessor, or has this program's name.
 *
 * @param isBooted whether systemd is the first process: otherwise nobody is there to be asked (sd_booted(3))
 */
export function findTimers(
  manager: Manager,
  isBooted = existsSync('/run/systemd/system'),
): Findings {
  if (!isBooted) return NOTHING;
  const installed = installedTimers(manager);
  const timers = unitsOf(manager, ['*.timer', ...installed]);
  const services = timers && unitsOf(manager, timers.map(serviceOf));
  if (timers === undefined || services === undefined) return notAnswering(manager, installed);
  const found = timers.map((timer) => {
    const service = services.find((unit) => unit['Id'] === serviceOf(timer)) ?? {};
    return checkTimer(manager, timer, service);
  });
  return together(found);
}

/** By what an installation leaves: systemd does not list a timer that is neither enabled nor started. */
function installedTimers({ folders }: Manager): string[] {
  const units = folders.flatMap(namesIn).flatMap((name) => {
    const settings = /^(.+)\.env$/.exec(name)?.[1];
    if (settings === 'default') return PROGRAM;
    if (settings !== undefined) return `${PROGRAM}@${settings}`;
    return /^(claude-session-cleanup(?:@.+)?)\.(?:timer|service\.d)$/.exec(name)?.[1] ?? [];
  });
  return units.map((unit) => `${unit}.timer`);
}

function notAnswering(manager: Manager, installed: readonly string[]): Findings {
  const { account, label } = manager;
  // It may only be starting or ending with a login.
  if (manager !== SYSTEM && installed.length === 0) return NOTHING;
  if (manager === SYSTEM || existsSync(`/run/user/${account.uid}`)) {
    return unanswered(manager === SYSTEM ? 'systemd' : `${account.name}'s own systemd`);
  }
  // Nobody is logged in, and nothing lingers.
  const message = `runs only while ${account.name} is logged in, which is not so now`;
  const fix = `${SUDO}loginctl enable-linger ${account.name}`;
  return {
    ...NOTHING,
    checks: [...new Set(installed)].map((timer) => problem(`${timer}${label}`, message, fix)),
  };
}

function serviceOf(timer: Unit): string {
  return timer['Unit'] || (timer['Id'] ?? '').replace(/timer$/, 'service');
}

function checkTimer(manager: Manager, timer: Unit, service: Unit): Findings {
  const name = timer['Id'] ?? '';
  const starts = /argv\[\]=(.*?) ; ignore_errors=/.exec(service['ExecStart'] ?? '')?.[1] ?? '';
  const isOurs = OURS.test(starts);
  if (!isOurs && !name.startsWith(PROGRAM) && !PREDECESSOR.test(starts)) return NOTHING;
  const job: Job = {
    subject: `${name}${manager.label}`,
    mode: manager.mode,
    instance: /@(.+)\.timer$/.exec(name)?.[1] ?? 'default',
    user: service['User'] || manager.account.name,
    directories: wordsOf(service['ReadWritePaths'] ?? '').map((path) => path.replace(/^-/, '')),
    lastFired: timeOf(timer['LastTriggerUSec']),
    changedAt: Math.max(0, ...[timer, service].flatMap(filesOf).map(changeOf)),
    isHourly: false,
    isSettled: service['ActiveState'] === 'inactive' && service['Result'] === 'success',
    restartsBridge: /BRIDGE_UNIT/.test(service['ExecStopPost'] ?? ''),
    logCommand: `${manager.typed.replace('systemctl', 'journalctl')} -u ${service['Id']} -n 30`,
  };
  const isActive = timer['ActiveState'] === 'active';
  const unloaded = [timer, service].find(({ LoadState }) => LoadState !== 'loaded');
  if (unloaded !== undefined) {
    return { ...NOTHING, checks: [checkUnloaded(manager, job, unloaded)] };
  }
  if (isOurs) {
    const checks = [checkState(manager, job, timer, service)];
    return { ...NOTHING, checks, jobs: isActive ? [job] : [] };
  }
  if (!isActive) return NOTHING;
  const message = `starts another program, not this one: ${starts}`;
  const fix = `to have only this program clean: ${manager.typed} disable --now ${name}`;
  return { ...NOTHING, checks: [warning(job.subject, message, fix)] };
}

function checkUnloaded({ typed }: Manager, job: Job, { Id: id, LoadState: state }: Unit): Finding {
  return state === 'masked'
    ? problem(job.subject, `${id} is masked: nothing can start it`, `${typed} unmask ${id}`)
    : problem(job.subject, `${id} can't be used (${state})`, installCommand(job));
}

function checkState({ typed }: Manager, job: Job, timer: Unit, service: Unit): Finding {
  const { subject, lastFired } = job;
  const { Id: name, ActiveState: state, SubState: phase, UnitFileState: file } = timer;
  if (state !== 'active') {
    return problem(subject, 'installed, but not started', `${typed} enable --now ${name}`);
  }
  const next = nextRun(timer);
  const last = lastFired === undefined ? 'never' : localTime(lastFired);
  const times = `last fired ${last}, next ${next ?? 'never'}`;
  const { Result: result, ExecMainStatus: status } = service;
  if (result !== 'success') {
    const cause = status === '0' ? result : `${result}, status ${status}`;
    return problem(subject, `the last start failed (${cause}); ${times}`, job.logCommand);
  }
  if (next === undefined && phase !== 'running') {
    const message = `started, but it will never run again; ${times}`;
    return problem(subject, message, `correct its OnCalendar=: systemctl cat ${name}`);
  }
  return file === 'enabled'
    ? ok(subject, `as ${job.user}; ${times}`)
    : warning(subject, `runs until the next reboot only; ${times}`, `${typed} enable ${name}`);
}

/** When a timer elapses next, by the clock or by what has passed since the machine started. */
function nextRun(timer: Unit): string | undefined {
  const next = timeOf(timer['NextElapseUSecRealtime']);
  if (next !== undefined) return localTime(next);
  const elapse = (timer['NextElapseUSecMonotonic'] ?? '').replace(/\.\d+s$/, 's');
  return ['', '0', 'infinity'].includes(elapse) ? undefined : `${elapse} after the machine's start`;
}

/** A time such as `Mon 2026-11-30 05:00:01 UTC`, in ms since the epoch. */
function timeOf(shown = ''): number | undefined {
  const time = Date.parse(shown.replace(/^\w+ /, ''));
  return Number.isNaN(time) ? undefined : time;
}

function filesOf({ FragmentPath: main, DropInPaths: further = '' }: Unit): string[] {
  return main === undefined ? [] : [main, ...wordsOf(further)];
}

function changeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function wordsOf(line: string): string[] {
  return (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
}
