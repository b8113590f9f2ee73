import { existsSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { millisecondsInHour } from 'date-fns/constants';
import { PROGRAM } from '../name.js';
import { type Finding, ok, problem } from '../output/finding.js';
import { textOf } from '../system/open.js';
import { ask, namesIn, writtenAt } from './ask.js';
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

const HOURLY = /^\s*(\S+(\s+\*){4}|@hourly)\s/;
// What the installer writes: a script of its own, named after the instance.
const INSTALLED = /"(\/.*\/claude-session-cleanup\/([^/"]+)\.sh)"\s*$/;
// One run can be late; two that are left out are not.
const OVERDUE_MS = 2 * millisecondsInHour;
const NO_CRONTAB = { answered: true, stdout: '', stderr: '' };

/**
 * Looks at the user's crontab, and at what cron has for the system.
 *
 * @param home the user's own
 * @param now ms since the epoch
 */
export function findCronLines(home: string, now: number): Found[] {
  const own = "this user's crontab";
  const isInstalled = (process.env['PATH'] ?? '')
    .split(':')
    .some((place) => existsSync(join(place, 'crontab')));
  // To start what is not there takes a tenth of the page's time.
  const { answered, stdout, stderr } = isInstalled ? ask(['crontab', '-l']) : NO_CRONTAB;
  const isNone = /no crontab|can't open/.test(stderr);
  const files = ['/etc/crontab', ...namesIn('/etc/cron.d').map((name) => `/etc/cron.d/${name}`)];
  const tables = new Map(files.map((path) => [path, textOf(path)]));
  if (answered) tables.set(own, stdout);
  const found = [...tables].flatMap(([place, table]) =>
    table.split('\n').flatMap((line) => checkLine(place, line, home, now)),
  );
  return answered || isNone ? found : [...found, unanswered(own)];
}

function checkLine(place: string, line: string, home: string, now: number): Found[] {
  if (/^\s*#/.test(line)) return [];
  if (PREDECESSOR.test(line)) {
    const message = `${place} starts another program, not this one: ${line.trim()}`;
    return [otherProgram('cron', message, 'remove that line')];
  }
  if (!line.includes(PROGRAM)) return [];
  const [, script = '', instance = 'default'] = INSTALLED.exec(line.replaceAll('\\%', '%')) ?? [];
  // Written at the end of each start, with how it ended.
  const status = script === '' ? '' : join(home, '.local/state', PROGRAM, `${instance}.status`);
  const hasFailed = !['', '0'].includes(textOf(status).trim());
  const expectedAt = HOURLY.test(line) && uptime() * 1000 > OVERDUE_MS ? now - OVERDUE_MS : 0;
  const job: Job = {
    subject: instance === 'default' ? 'cron' : `cron (${instance})`,
    ...{ mode: 'cron', instance },
    ...settingsIn(script.replace(/sh$/, 'env')),
    dueAt: hasFailed ? 0 : Math.max(writtenAt(status) ?? 0, expectedAt),
    logCommand:
      script === '' ? "look into cron's own log" : `tail -n 20 ${status.replace(/status$/, 'log')}`,
  };
  return [{ check: checkJob(place, job, script, hasFailed), job }];
}

function checkJob(place: string, job: Job, script: string, hasFailed: boolean): Finding {
  const { subject, logCommand } = job;
  const isRunning = namesIn('/proc').some((pid) =>
    ['cron', 'crond'].includes(textOf(`/proc/${pid}/comm`).trim()),
  );
  if (!isRunning) {
    const message = `${place} has a line, but no cron daemon runs`;
    return problem(subject, message, `${SUDO}systemctl enable --now cron`);
  }
  if (script === '') return ok(subject, `${place} has a line of your own`);
  if (writtenAt(script) === undefined) {
    const message = `${place} has a line, but ${script} is not there`;
    return problem(subject, message, installCommand(job));
  }
  return hasFailed
    ? problem(subject, `the last start by ${place} failed`, logCommand)
    : ok(subject, `${place} has a line`);
}
