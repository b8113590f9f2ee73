import { type Finding, warning } from '../output/finding.js';
import type { Account } from '../system/account.js';
import { findCronLines } from './cron.js';
import { installCommand, type Job, quoted } from './job.js';
import { findTimers } from './timers.js';

/**
 * Asks systemd and cron, those of the system and of who looks.
 *
 * @param directories those by which the map's own is known
 * @param now ms since the epoch
 * @returns what starts the program by itself for this map, and what the page says of all that does
 */
export function checkSchedule(
  account: Account | undefined,
  directories: readonly string[],
  now: number,
): { checks: Finding[]; jobs: Job[] } {
  const found = [
    ...findTimers(account),
    ...(account === undefined ? [] : findCronLines(account.home, now)),
  ];
  const all = found.flatMap(({ job }) => job ?? []);
  // What does not say which map it cleans may clean this one.
  const jobs = all.filter(
    ({ directory }) => directory === undefined || directories.includes(directory),
  );
  const checks = found.map(({ check }) => check);
  if (checks.length === 0) {
    const user = account === undefined ? '' : ` or ${account.name}`;
    const message = `no timer and no cron line of the system${user} is there: nothing cleans by itself`;
    checks.push(warning('schedule', message, `to install one: ${installCommand(undefined)}`));
  } else if (jobs.length === 0 && all[0]?.directory !== undefined) {
    const { subject, directory } = all[0];
    const message = `${subject} is for another map (${directory}); nothing cleans this one by itself`;
    const fix = `to look at that map: --session-dir ${quoted(directory)}`;
    checks.push(warning('schedule', message, fix));
  }
  return { checks, jobs };
}
