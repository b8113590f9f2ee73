import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionOptions } from '../options/resolve.js';
import { type Finding, warning } from '../output/finding.js';
import { type Account, accountOf, ownAccount } from '../system/account.js';
import { checkViews } from './as-installed.js';
import { checkCrontab, checkSystemCron } from './cron.js';
import { checkDryRun, type Findings, type KnownJob, understand } from './job.js';
import { managerOf, SYSTEM } from './manager.js';
import { checkTimers } from './timers.js';

/** What runs the program by itself, and what the page says of it. */
export interface Schedule {
  readonly checks: readonly Finding[];
  readonly jobs: readonly KnownJob[];
}

/**
 * Whether anything runs the program by itself: systemd timers, of the system and the user, and cron;
 * and whether that looks at what this page looks at. Root also asks for the map's owner.
 *
 * @param home this run's HOME
 */
export function checkSchedule(options: SessionOptions, home: string | undefined): Schedule {
  const own = ownAccount();
  const owner = mapOwner(options.sessionDir);
  const isOthers = owner !== undefined && owner.uid !== own?.uid;
  const users = [own, isOthers && own?.uid === 0 ? owner : undefined].filter(
    (account) => account !== undefined,
  );
  const found = [
    checkTimers(SYSTEM),
    ...users.map((account) => checkTimers(managerOf(account, account === own))),
    checkSystemCron(),
    ...users.map((account) => checkCrontab(account, account === own)),
    ...(isOthers && own?.uid !== 0 ? [onlyForRoot(owner)] : []),
  ];
  const known = found.flatMap(({ jobs }) => jobs).map(understand);
  const jobs = known.filter((job): job is KnownJob => 'options' in job);
  const view = { account: own, home, options };
  const checks = [
    ...summary(found),
    ...known.filter((check): check is Finding => 'level' in check),
    ...jobs.flatMap(checkDryRun),
    ...checkViews(jobs, view),
    ...checkTwins(jobs),
  ];
  return { checks, jobs };
}

function summary(found: readonly Findings[]): Finding[] {
  const checks = found.flatMap((each) => each.checks);
  const unasked = found.flatMap((each) => each.unasked);
  if (checks.length > 0) return checks;
  if (unasked.length > 0) {
    const message = `found nothing that cleans by itself, but could not ask ${unasked.join(', ')}`;
    return [warning('schedule', message, "run doctor as root, or as the bridge's user")];
  }
  const message = 'no timer and no cron line is installed: nothing cleans by itself';
  return [warning('schedule', message, 'scripts/install.sh installs one')];
}

/** What another user has is for root to see. */
function onlyForRoot({ name }: Account): Findings {
  return { checks: [], jobs: [], unasked: [`${name}'s own systemd and crontab`] };
}

/** Two that clean one map do no harm, but somebody may believe to have taken the one away. */
function checkTwins(jobs: readonly KnownJob[]): Finding[] {
  return [...new Set(jobs.map(({ options }) => options.sessionDir))].flatMap((dir) => {
    const twins = jobs.filter(({ options }) => options.sessionDir === dir);
    if (twins.length === 1) return [];
    const names = twins.map(({ job }) => job.subject).join(', ');
    const message = `${twins.length} clean the map in ${dir}: ${names}`;
    return [warning('schedule', message, 'keep one; install.sh --uninstall takes the others away')];
  });
}

/** Whose map it is; undefined when that is root or unknown. */
function mapOwner(sessionDir: string): Account | undefined {
  for (const path of [join(sessionDir, 'session_map.json'), sessionDir]) {
    const uid = statSync(path, { throwIfNoEntry: false })?.uid;
    if (uid !== undefined) return uid === 0 ? undefined : accountOf(uid);
  }
  return undefined;
}
