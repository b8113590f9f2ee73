import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../name.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { accountOf } from '../system/account.js';
import { ask } from './ask.js';
import { assignments, checkEnvironmentFile, environmentFile, wordsOf } from './environment.js';
import { namesIn } from './files.js';
import { checkPrograms, type Findings, type Job } from './job.js';
import { type Manager, type Properties, propertiesOf, SYSTEM } from './manager.js';

/** Looks at every timer of ours that a manager has, or should have. */
export function checkTimers(manager: Manager): Findings {
  // Without systemd as the first process nothing is there to be asked (sd_booted(3)).
  if (!existsSync('/run/systemd/system')) return { checks: [], jobs: [], unasked: [] };
  const installed = installedTimers(manager);
  if (!ask([...manager.systemctl, 'show', '--property=Version']).answered) {
    return notAnswering(manager, installed);
  }
  const names = new Set([...installed, ...knownTimers(manager)]);
  const found = [...names].sort().map((timer) => checkTimer(manager, timer));
  return {
    checks: found.flatMap(({ checks }) => checks),
    jobs: found.flatMap(({ job }) => job ?? []),
    unasked: [],
  };
}

function notAnswering(manager: Manager, installed: readonly string[]): Findings {
  const { account, label } = manager;
  if (manager !== SYSTEM && !existsSync(`/run/user/${account.uid}`)) {
    // Nobody is logged in, and nothing lingers.
    const checks = installed.map((timer) =>
      problem(
        `${timer}${label}`,
        `runs only while ${account.name} is logged in, which is not so now`,
        `sudo loginctl enable-linger ${account.name}`,
      ),
    );
    return { checks, jobs: [], unasked: [] };
  }
  return {
    checks: [],
    jobs: [],
    unasked: [manager === SYSTEM ? 'systemd' : `${account.name}'s own systemd`],
  };
}

/** By what the installer leaves: a timer that is neither enabled nor loaded is in no list of systemd's. */
function installedTimers({ units, settings }: Manager): string[] {
  const files = settings === undefined ? [] : namesIn(settings);
  return [
    ...namesIn(units)
      .filter((name) => existsSync(join(units, name, '10-instance.conf')))
      .flatMap((name) => /^(claude-session-cleanup(?:@.+)?)\.service\.d$/.exec(name)?.[1] ?? []),
    ...files.flatMap((name) => /^(.+)\.env$/.exec(name)?.[1] ?? []).map(unitOf),
  ].map((unit) => `${unit}.timer`);
}

function unitOf(instance: string): string {
  return instance === 'default' ? PROGRAM : `${PROGRAM}@${instance}`;
}

function knownTimers({ systemctl }: Manager): string[] {
  const lists = [
    ['list-unit-files', '--no-legend', `${PROGRAM}*.timer`],
    ['list-units', '--all', '--no-legend', '--plain', `${PROGRAM}*.timer`],
  ];
  return (
    lists
      .flatMap((list) => ask([...systemctl, ...list]).stdout.split('\n'))
      .map((line) => line.trim().split(/\s+/, 1)[0] ?? '')
      // A template by itself runs nothing.
      .filter((name) => name.endsWith('.timer') && !name.endsWith('@.timer'))
  );
}

interface Found {
  readonly checks: readonly Finding[];
  readonly job?: Job | undefined;
}

function checkTimer(manager: Manager, timer: string): Found {
  const service = timer.replace(/timer$/, 'service');
  const subject = `${timer}${manager.label}`;
  const its = propertiesOf(manager, timer);
  const run = propertiesOf(manager, service);
  for (const [unit, { LoadState: state = '' }] of [
    [timer, its],
    [service, run],
  ] as const) {
    if (state !== 'loaded') return { checks: [checkUnloaded(manager, subject, unit, state)] };
  }
  const files = environmentFilesOf(run);
  return {
    checks: [
      checkPrograms(subject, programsOf(run)) ?? checkState(manager, subject, timer, its, run),
      ...files.flatMap(({ path, optional }) =>
        optional ? [] : checkEnvironmentFile(subject, path),
      ),
    ],
    job: jobOf(manager, subject, run, files),
  };
}

function checkUnloaded(manager: Manager, subject: string, unit: string, state: string): Finding {
  return state === 'masked'
    ? problem(
        subject,
        `${unit} is masked: nothing can start it`,
        `${manager.typed.systemctl} unmask ${unit}`,
      )
    : problem(
        subject,
        `${unit} can't be used (${state || 'unknown'})`,
        'run scripts/install.sh again',
      );
}

function checkState(
  { account, typed }: Manager,
  subject: string,
  timer: string,
  its: Properties,
  run: Properties,
): Finding {
  const service = timer.replace(/timer$/, 'service');
  const next = nextRun(its);
  const times = `last fired ${its['LastTriggerUSec'] || 'never'}, next ${next ?? 'never'}`;
  if (its['ActiveState'] !== 'active') {
    return problem(
      subject,
      'installed, but not started',
      `${typed.systemctl} enable --now ${timer}`,
    );
  }
  if (run['Result'] !== 'success') {
    return problem(
      subject,
      `the last run, which ended ${run['ExecMainExitTimestamp']}, failed (${causeOf(run)}); ${times}`,
      `${typed.journalctl} -u ${service} -n 30`,
    );
  }
  if (next === undefined && its['SubState'] !== 'running') {
    return problem(
      subject,
      `started, but it will never run again; ${times}`,
      `correct its OnCalendar=: systemctl cat ${timer}`,
    );
  }
  if (its['UnitFileState'] !== 'enabled') {
    const message = `runs until the next reboot only; ${times}`;
    return warning(subject, message, `${typed.systemctl} enable ${timer}`);
  }
  return ok(subject, `as ${run['User'] || account.name}; ${times}`);
}

function causeOf(run: Properties): string {
  const { Result: result = 'unknown', ExecMainStatus: status = '?' } = run;
  return status === '0'
    ? `${result}, in what runs after the program`
    : `${result}, status ${status}`;
}

/** When a timer elapses next, by the clock or by what has passed since the machine started. */
function nextRun(its: Properties): string | undefined {
  const elapse = (its['NextElapseUSecMonotonic'] ?? '').replace(/\.\d+s$/, 's');
  if (its['NextElapseUSecRealtime']) return its['NextElapseUSecRealtime'];
  return ['', '0', 'infinity'].includes(elapse) ? undefined : `${elapse} after the machine's start`;
}

interface EnvironmentFile {
  readonly path: string;
  readonly optional: boolean;
}

function environmentFilesOf(run: Properties): EnvironmentFile[] {
  const lines = (run['EnvironmentFiles'] ?? '').matchAll(/^(.+) \(ignore_errors=(yes|no)\)$/gm);
  return [...lines].map(([, path = '', ignored]) => ({ path, optional: ignored === 'yes' }));
}

function jobOf(
  manager: Manager,
  subject: string,
  run: Properties,
  files: readonly EnvironmentFile[],
): Job | undefined {
  const account = manager === SYSTEM ? accountOf(run['User'] || 'root') : manager.account;
  if (account === undefined) return undefined;
  const read = files.map(({ path, optional }) => ({
    source: path,
    values: environmentFile(path) ?? (optional ? {} : undefined),
  }));
  const variables = [
    { source: 'its Environment=', values: assignments(wordsOf(run['Environment'] ?? '')) },
    ...read.flatMap(({ source, values }) => (values === undefined ? [] : { source, values })),
  ];
  // What it is told can't be read, which is said.
  if (variables.length <= files.length) return undefined;
  return { subject, account, variables, words: wordsOf(argumentsOf(run)) };
}

/** The command of ExecStart=, which is shown without its quotes. */
function commandOf(run: Properties): string {
  return /argv\[\]=(.*?) ; ignore_errors=/.exec(run['ExecStart'] ?? '')?.[1] ?? '';
}

/** Node and the program, as far as they can be told from the command. */
function programsOf(run: Properties): string[] {
  const found = /^(\/\S+) (\/\S+\/claude-session-cleanup(?:\.js)?)(?: |$)/.exec(commandOf(run));
  return found?.slice(1) ?? [];
}

/** What stands behind the program's own name in the command. */
function argumentsOf(run: Properties): string {
  return /[/ ]claude-session-cleanup(?:\.js)?( .*)?$/.exec(commandOf(run))?.[1] ?? '';
}
