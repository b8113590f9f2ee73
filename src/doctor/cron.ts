import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../name.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import type { Account } from '../system/account.js';
import { ask } from './ask.js';
import { namesIn, textOf } from './files.js';
import {
  type Findings,
  installCommand,
  type Job,
  NOTHING,
  PREDECESSOR,
  together,
  unanswered,
} from './job.js';
import { SUDO } from './this-program.js';

const HOURLY = /^\s*(\S+(\s+\*){4}|@hourly)\s/;
// What the installer writes: a script of its own, named after the instance.
const INSTALLED = /"(\/.*\/claude-session-cleanup\/([^/"]+)\.sh)"\s*$/;

/** Looks at what cron has for the system. */
export function findSystemCron(): Findings {
  const tables = ['/etc/crontab', ...namesIn('/etc/cron.d').map((name) => `/etc/cron.d/${name}`)];
  const root = { name: 'root', home: '/root' };
  return together(tables.map((path) => checkTable(path, textOf(path) ?? '', root)));
}

/**
 * Looks at a user's crontab.
 *
 * @param isOwn whether this process runs as that user
 */
export function findCrontab(account: Account, isOwn: boolean): Findings {
  const place = isOwn ? "this user's crontab" : `${account.name}'s crontab`;
  const { answered, stdout, stderr } = ask([
    ...['crontab', ...(isOwn ? [] : ['-u', account.name]), '-l'],
  ]);
  if (answered) return checkTable(place, stdout, account);
  // Without crontab, or without one of this user's, there is none.
  return /ENOENT|no crontab|can't open/.test(stderr) ? NOTHING : unanswered(place);
}

function checkTable(place: string, table: string, user: Pick<Account, 'name' | 'home'>): Findings {
  const lines = table.split('\n').filter((line) => !/^\s*#/.test(line));
  return together(
    lines.map((line): Findings => {
      if (PREDECESSOR.test(line)) {
        const message = `${place} starts another program, not this one: ${line.trim()}`;
        const fix = 'to have only this program clean, remove that line';
        return { ...NOTHING, checks: [warning('cron', message, fix)] };
      }
      if (!line.includes(PROGRAM)) return NOTHING;
      const job = jobOf(line, user);
      return { ...NOTHING, checks: [checkLine(place, line, job)], jobs: [job] };
    }),
  );
}

function jobOf(line: string, { name: user, home }: Pick<Account, 'name' | 'home'>): Job {
  const [, path = '', instance = 'default'] = INSTALLED.exec(line) ?? [];
  const script = path.replaceAll('\\%', '%');
  const settings = textOf(script.replace(/sh$/, 'env')) ?? '';
  const directory = /^CLAUDE_SESSION_DIR="(.+)"$/m.exec(settings)?.[1];
  const log = join(home, '.local/state', PROGRAM, `${instance}.log`);
  const status = log.replace(/log$/, 'status');
  const [installed, ended] = [script, status].map(stats);
  return {
    ...{ subject: instance === 'default' ? 'cron' : `cron (${instance})`, mode: 'cron' },
    ...{ instance, user, directories: directory === undefined ? [] : [directory] },
    lastFired: path === '' ? undefined : ended?.mtimeMs,
    changedAt: installed?.mtimeMs ?? 0,
    isHourly: HOURLY.test(line),
    isSettled: (path === '' ? '0' : (textOf(status)?.trim() ?? '0')) === '0',
    restartsBridge: false,
    logCommand: path === '' ? "look into cron's own log" : `tail -n 20 ${log}`,
  };
}

function checkLine(place: string, line: string, job: Job): Finding {
  const path = INSTALLED.exec(line)?.[1]?.replaceAll('\\%', '%');
  const isRunning = namesIn('/proc').some((pid) =>
    ['cron', 'crond'].includes(textOf(`/proc/${pid}/comm`)?.trim() ?? ''),
  );
  if (!isRunning) {
    const message = `${place} has a line, but no cron daemon runs`;
    return problem(job.subject, message, `${SUDO}systemctl enable --now cron`);
  }
  if (path === undefined) return ok(job.subject, `${place} has a line of your own`);
  if (stats(path) === undefined) {
    const message = `${place} has a line, but ${path} is not there`;
    return problem(job.subject, message, installCommand(job));
  }
  return job.isSettled
    ? ok(job.subject, `${place} has a line`)
    : problem(job.subject, `the last start by ${place} failed`, job.logCommand);
}

function stats(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
