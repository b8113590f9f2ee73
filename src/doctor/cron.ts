import { type Stats, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { dirname, join } from 'node:path';
import { PROGRAM } from '../name.js';
import { type Finding, ok, problem } from '../output/finding.js';
import { localTime } from '../output/local-time.js';
import type { Account } from '../system/account.js';
import { ask } from './ask.js';
import { checkEnvironmentFile, environmentFile } from './environment.js';
import { namesIn, textOf } from './files.js';
import { checkPrograms, type Findings, type Job } from './job.js';

const SYSTEM_TABLE = '/etc/crontab';
const CRON_DIRECTORIES = ['/etc/cron.d', '/etc/cron.hourly', '/etc/cron.daily'];
/** The installer's lines run every hour. */
const OVERDUE_MS = 2 * 3600 * 1000;

/** Looks at the lines of ours that cron has for the system. */
export function checkSystemCron(): Findings {
  const checks = [
    SYSTEM_TABLE,
    ...CRON_DIRECTORIES.flatMap((folder) => namesIn(folder).map((name) => join(folder, name))),
  ].flatMap((path) => linesOf(textOf(path) ?? '').map(() => checkOwnLine(path)));
  return { checks, jobs: [], unasked: [] };
}

/**
 * Looks at the lines of ours in a user's crontab.
 *
 * @param isOwn whether this process runs as that user
 */
export function checkCrontab(account: Account, isOwn: boolean): Findings {
  const place = isOwn ? "this user's crontab" : `${account.name}'s crontab`;
  const answer = ask(['crontab', ...(isOwn ? [] : ['-u', account.name]), '-l']);
  if (!answer.answered) {
    // Without crontab, or without one of this user's, there is none.
    const isNone = /ENOENT|no crontab|can't open/.test(answer.stderr);
    return { checks: [], jobs: [], unasked: isNone ? [] : [place] };
  }
  const lines = linesOf(answer.stdout).map((line) => ({ line, script: installedScript(line) }));
  return {
    checks: lines.flatMap(({ line, script }) =>
      script === undefined ? checkOwnLine(place) : checkInstalled(account, place, line, script),
    ),
    jobs: lines.flatMap(({ script }) => (script === undefined ? [] : jobOf(account, script))),
    unasked: [],
  };
}

/** The script that the installer has a line call, and the instance that it is for. */
interface Script {
  readonly path: string;
  readonly instance: string;
}

function installedScript(line: string): Script | undefined {
  const [, path, instance] = /"(\/.*\/claude-session-cleanup\/([^/"]+)\.sh)"\s*$/.exec(line) ?? [];
  if (path === undefined || instance === undefined) return undefined;
  return { path: path.replaceAll('\\%', '%'), instance };
}

/** A line that the installer has not written: where its runs leave anything is not known. */
function checkOwnLine(place: string): Finding {
  return noDaemon('cron', place) ?? ok('cron', `${place} has a line of your own`);
}

function checkInstalled(account: Account, place: string, line: string, script: Script): Finding[] {
  const subject = subjectOf(script);
  return [
    noDaemon(subject, place) ?? checkRuns(subject, account, place, line, script),
    ...checkEnvironmentFile(subject, settingsOf(script)),
  ];
}

function checkRuns(
  subject: string,
  { home }: Account,
  place: string,
  line: string,
  { path, instance }: Script,
): Finding {
  const log = join(home, '.local/state', PROGRAM, `${instance}.log`);
  const status = log.replace(/log$/, 'status');
  const script = stats(path);
  if (script === undefined) {
    const message = `${place} has a line for ${path}, which is not there`;
    return problem(subject, message, 'run scripts/install.sh --cron again');
  }
  const gone = checkPrograms(subject, programsOf(path));
  if (gone !== undefined) return gone;
  const last = stats(status);
  const ended = textOf(status)?.trim();
  const run = last === undefined ? 'never' : localTime(last.mtimeMs);
  if (ended !== undefined && ended !== '0') {
    const message = `the last run failed with status ${ended}; last run ${run}`;
    return problem(subject, message, `tail -n 20 ${log}`);
  }
  const since = Math.max(script.mtimeMs, last?.mtimeMs ?? 0, Date.now() - uptime() * 1000);
  // A line that was made rarer by hand may be waiting.
  if (isHourly(line) && Date.now() - since > OVERDUE_MS) {
    const message = `${place} has a line, but it does not run every hour; last run ${run}`;
    return problem(subject, message, `run ${path} by hand, and look into cron's own log`);
  }
  return ok(subject, `${place} has a line; last run ${run}`);
}

/** Node and the program, as the installer has written them into the script. */
function programsOf(script: string): string[] {
  return /^ {2}"([^"]+)" "([^"]+)" /m.exec(textOf(script) ?? '')?.slice(1) ?? [];
}

function isHourly(line: string): boolean {
  return /^\s*(\S+\s+\*\s+\*\s+\*\s+\*|@hourly)\s/.test(line);
}

/** None when what it is told can't be read, which is said. */
function jobOf(account: Account, script: Script): Job[] {
  const source = settingsOf(script);
  const values = environmentFile(source);
  if (values === undefined) return [];
  const variables = [{ source, values }];
  return [{ subject: subjectOf(script), account, words: ['$CLEANUP_ARGS'], variables }];
}

function subjectOf({ instance }: Script): string {
  return instance === 'default' ? 'cron' : `cron (${instance})`;
}

function settingsOf({ path, instance }: Script): string {
  return join(dirname(path), `${instance}.env`);
}

function linesOf(table: string): string[] {
  return table
    .split('\n')
    .filter((line) => line.includes(PROGRAM) && !line.trimStart().startsWith('#'));
}

function noDaemon(subject: string, place: string): Finding | undefined {
  const isRunning = namesIn('/proc').some((pid) =>
    ['cron', 'crond'].includes(textOf(`/proc/${pid}/comm`)?.trim() ?? ''),
  );
  if (isRunning) return undefined;
  const message = `${place} has a line, but no cron daemon runs`;
  return problem(subject, message, 'sudo systemctl enable --now cron');
}

function stats(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
