import { type Finding, warning } from '../output/finding.js';
import type { Account } from '../system/account.js';
import { findCrontab, findSystemCron } from './cron.js';
import { installCommand, type Job, together } from './job.js';
import { managerOf, SYSTEM } from './manager.js';
import { quoted } from './this-program.js';
import { findTimers } from './timers.js';
import type { View } from './view.js';

/** What starts the program by itself for this map, and what the page says of all that does. */
export interface Schedule {
  readonly checks: readonly Finding[];
  readonly jobs: readonly Job[];
}

/**
 * Asks systemd and cron, those of the system and of who looks; root also asks for the map's owner.
 *
 * @param directories those by which the map's own is known
 */
export function checkSchedule(
  { account, owner }: Pick<View, 'account' | 'owner'>,
  directories: readonly string[],
): Schedule {
  const users = [account, owner].filter((user) => user !== undefined);
  const found = together([
    findTimers(SYSTEM),
    ...users.map((user) => findTimers(managerOf(user, user === account))),
    findSystemCron(),
    ...users.map((user) => findCrontab(user, user === account)),
  ]);
  const all = found.jobs;
  // What does not say where it writes may clean this map.
  const jobs = all.filter(
    (job) =>
      job.directories.length === 0 || directories.some((dir) => job.directories.includes(dir)),
  );
  if (found.checks.length === 0) return { checks: [nothing(users)], jobs };
  return { checks: [...found.checks, ...checkJobs(all, jobs)], jobs };
}

function nothing(users: readonly Account[]): Finding {
  const whose = ['the system', ...users.map(({ name }) => name)].join(' or ');
  const message = `no timer and no cron line of ${whose} is there: nothing cleans by itself`;
  return warning('schedule', message, `to install one: ${installCommand(undefined)}`);
}

function checkJobs(all: readonly Job[], jobs: readonly Job[]): Finding[] {
  const names = (some: readonly Job[]): string => some.map(({ subject }) => subject).join(', ');
  if (jobs.length === 0 && all.length > 0) {
    const other = all[0]?.directories[0] ?? '';
    const message = `${names(all)}: for another map (${other}); nothing cleans this one by itself`;
    return [warning('schedule', message, `to look at that map: --session-dir ${quoted(other)}`)];
  }
  // Two do no harm, but whoever takes one of them away believes that it is over.
  if (jobs.length < 2) return [];
  const message = `${jobs.length} clean this map: ${names(jobs)}`;
  const [, ...others] = jobs;
  const fix = `keep one; to take one away: ${others.map((job) => installCommand(job, '--uninstall'))[0]}`;
  return [warning('schedule', message, fix)];
}
