import { existsSync } from 'node:fs';
import { PROGRAM } from '../name.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { localTime } from '../output/local-time.js';
import { namesIn } from './files.js';
import { type Findings, installCommand, type Job, NOTHING, PREDECESSOR, together } from './job.js';
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
  if (manager === SYSTEM || existsSync(`/run/user/${account.uid}`)) {
    const name = manager === SYSTEM ? 'systemd' : `${account.name}'s own systemd`;
    return { ...NOTHING, unasked: [name] };
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
  const subject = `${name}${manager.label}`;
  const starts = /argv\[\]=(.*?) ; ignore_errors=/.exec(service['ExecStart'] ?? '')?.[1] ?? '';
  const isNamedAsOurs = name.startsWith(PROGRAM);
  if (!OURS.test(starts) && !isNamedAsOurs && !PREDECESSOR.test(starts)) return NOTHING;

  const job: Job = {
    subject,
    mode: manager.mode,
    instance: /@(.+)\.timer$/.exec(name)?.[1] ?? 'default',
    user: service['User'] || manager.account.name,
    directories: wordsOf(service['ReadWritePaths'] ?? '').map((path) => path.replace(/^-/, '')),
    lastFired: timeOf(timer['LastTriggerUSec']),
    hourlySince: undefined,
    isSettled: service['ActiveState'] === 'inactive' && service['Result'] === 'success',
    restartsBridge: /BRIDGE_UNIT/.test(service['ExecStopPost'] ?? ''),
    logCommand: `${manager.typed.journalctl} -u ${service['Id']} -n 30`,
  };
  const isActive = timer['ActiveState'] === 'active';
  const unloaded = checkLoaded(manager, job, [timer, service]);
  if (unloaded === undefined && !OURS.test(starts)) {
    return isActive
      ? { ...NOTHING, checks: [otherProgram(manager, subject, name, starts)] }
      : NOTHING;
  }
  const check = unloaded ?? checkState(manager, job, timer, service);
  return { checks: [check], jobs: isActive ? [job] : [], unasked: [] };
}

function otherProgram({ typed }: Manager, subject: string, name: string, starts: string): Finding {
  const message = `starts another program, not this one: ${starts}`;
  const replace = name.startsWith(PROGRAM) ? `, then ${installCommand(undefined)}` : '';
  const fix = `to have only this program clean: ${typed.systemctl} disable --now ${name}${replace}`;
  return warning(subject, message, fix);
}

function checkLoaded({ typed }: Manager, job: Job, units: readonly Unit[]): Finding | undefined {
  const unit = units.find(({ LoadState }) => LoadState !== 'loaded');
  if (unit === undefined) return undefined;
  const { Id: id, LoadState: state = 'unknown' } = unit;
  if (state !== 'masked') {
    return problem(job.subject, `${id} can't be used (${state})`, installCommand(job));
  }
  const message = `${id} is masked: nothing can start it`;
  return problem(job.subject, message, `${typed.systemctl} unmask ${id}`);
}

function checkState({ typed }: Manager, job: Job, timer: Unit, service: Unit): Finding {
  const { subject, lastFired } = job;
  const { Id: name, ActiveState: state, SubState: phase, UnitFileState: file } = timer;
  if (state !== 'active') {
    return problem(
      subject,
      'installed, but not started',
      `${typed.systemctl} enable --now ${name}`,
    );
  }
  const last = lastFired === undefined ? 'never' : localTime(lastFired);
  const next = nextRun(timer);
  const times = `last fired ${last}, next ${next ?? 'never'}`;
  const { Result: result = 'unknown', ExecMainStatus: status } = service;
  if (result !== 'success') {
    const cause = status === '0' ? result : `${result}, status ${status}`;
    const ended = timeOf(service['ExecMainExitTimestamp']);
    const when = ended === undefined ? '' : ` of ${localTime(ended)}`;
    return problem(subject, `the last start${when} failed (${cause}); ${times}`, job.logCommand);
  }
  if (next === undefined && phase !== 'running') {
    const message = `started, but it will never run again; ${times}`;
    return problem(subject, message, `correct its OnCalendar=: systemctl cat ${name}`);
  }
  if (file !== 'enabled') {
    const message = `runs until the next reboot only; ${times}`;
    return warning(subject, message, `${typed.systemctl} enable ${name}`);
  }
  return ok(subject, `as ${job.user}; ${times}`);
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

function wordsOf(line: string): string[] {
  return (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
}
