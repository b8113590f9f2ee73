import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { localTime } from '../local-time.js';
import { type Check, ok, problem, warning } from './check.js';

const NAME = 'claude-session-cleanup';
const CRON_DIRECTORY = '/etc/cron.d';
const ASK_TIMEOUT_MS = 5000;

/** Whether anything runs the program by itself: systemd timers, of the system and the user, and cron. */
export function checkSchedule(): Check[] {
  const found = [...timers('system'), ...timers('user'), ...cronLines()];
  if (found.length > 0) return found;
  return [
    warning(
      'schedule',
      'no timer and no cron line is installed: nothing cleans by itself',
      'scripts/install.sh installs one',
    ),
  ];
}

type Manager = 'system' | 'user';

function timers(manager: Manager): Check[] {
  const files = ask([
    'systemctl',
    `--${manager}`,
    'list-unit-files',
    '--no-legend',
    `${NAME}*.timer`,
  ]);
  const loaded = ask([
    'systemctl',
    `--${manager}`,
    'list-units',
    '--all',
    '--no-legend',
    '--plain',
    `${NAME}*.timer`,
  ]);
  const names = new Set(
    [...files.split('\n'), ...loaded.split('\n')]
      .map((line) => line.trim().split(/\s+/, 1)[0] ?? '')
      // A template by itself runs nothing.
      .filter((name) => name.endsWith('.timer') && !name.endsWith('@.timer')),
  );
  return [...names].sort().map((name) => checkTimer(manager, name));
}

function checkTimer(manager: Manager, timer: string): Check {
  const subject = manager === 'user' ? `${timer} (user)` : timer;
  const service = timer.replace(/timer$/, 'service');
  const shown = properties(manager, timer, [
    'ActiveState',
    'UnitFileState',
    'NextElapseUSecRealtime',
    'LastTriggerUSec',
  ]);
  const run = properties(manager, service, ['LoadState', 'Result', 'ExecMainStatus', 'User']);
  const systemctl = manager === 'user' ? 'systemctl --user' : 'sudo systemctl';
  const times = `last run ${shown['LastTriggerUSec'] || 'never'}, next ${shown['NextElapseUSecRealtime'] || 'never'}`;
  if (run['LoadState'] !== 'loaded') {
    return problem(subject, `its service ${service} is missing`, 'run scripts/install.sh again');
  }
  if (shown['ActiveState'] !== 'active') {
    return problem(subject, 'installed, but not started', `${systemctl} enable --now ${timer}`);
  }
  if (run['Result'] !== 'success') {
    const journal = manager === 'user' ? 'journalctl --user' : 'journalctl';
    return problem(
      subject,
      `the last run failed (${run['Result']}, status ${run['ExecMainStatus']}); ${times}`,
      `${journal} -u ${service} -p warning`,
    );
  }
  if (shown['UnitFileState'] !== 'enabled') {
    return warning(
      subject,
      `runs until the next reboot only; ${times}`,
      `${systemctl} enable ${timer}`,
    );
  }
  const user = run['User'] ? `as ${run['User']}; ` : '';
  return ok(subject, `${user}${times}`);
}

function properties(
  manager: Manager,
  unit: string,
  names: readonly string[],
): Readonly<Record<string, string>> {
  const text = ask(['systemctl', `--${manager}`, 'show', unit, `--property=${names.join(',')}`]);
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}

function cronLines(): Check[] {
  const places = cronTables();
  if (places.length === 0) return [];
  if (isCronRunning()) {
    const last = lastCronRun();
    return places.map((place) => ok('cron', `${place} has a line; last run ${last ?? 'unknown'}`));
  }
  return places.map((place) =>
    problem(
      'cron',
      `${place} has a line, but no cron daemon runs`,
      'sudo systemctl enable --now cron',
    ),
  );
}

/** The tables that have a line of ours. */
function cronTables(): string[] {
  const tables = names(CRON_DIRECTORY)
    .map((name) => join(CRON_DIRECTORY, name))
    .filter((path) => hasLine(contentOf(path)));
  return hasLine(ask(['crontab', '-l'])) ? [...tables, "this user's crontab"] : tables;
}

/** When the newest of the logs was written that the installer's cron jobs keep. */
function lastCronRun(): string | undefined {
  const folder = join(homedir(), '.local/state', NAME);
  const times = names(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return times.length === 0 ? undefined : localTime(Math.max(...times));
}

function hasLine(table: string): boolean {
  return table.split('\n').some((line) => line.includes(NAME) && !line.trimStart().startsWith('#'));
}

function isCronRunning(): boolean {
  return names('/proc').some((pid) =>
    ['cron', 'crond'].includes(contentOf(`/proc/${pid}/comm`).trim()),
  );
}

/** What a command prints; nothing when it is not there or fails. */
function ask([command = '', ...args]: readonly string[]): string {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: ASK_TIMEOUT_MS,
      env: { ...process.env, LC_ALL: 'C', SYSTEMD_PAGER: '', SYSTEMD_COLORS: '0' },
    });
  } catch {
    return '';
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
