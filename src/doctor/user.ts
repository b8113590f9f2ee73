import type { LastRun } from '../journal/last-run.js';
import { type Finding, ok, warning } from '../output/finding.js';
import { PROVIDERS, type Roots } from '../providers/index.js';
import { nameOf, ownAccount } from '../system/account.js';
import { doctorCommand, quoted } from './job.js';

/** The user and the home that everything else depends on. */
export function checkUser(home = ''): Finding {
  const account = ownAccount();
  const name = `${account?.name ?? 'no name'} (user ${process.geteuid?.()}), HOME=${home || 'not set'}`;
  if (account === undefined || home === '' || home === account.home) return ok('user', name);
  const fix = 'the CLIs are looked for below HOME: with sudo, add -H';
  return warning('user', `${name}, but this user's home is ${account.home}`, fix);
}

/** Whether the page looks as the last run did: otherwise it says little about the next one. */
export function checkSameView(last: LastRun, roots: Roots): Finding[] {
  const user = nameOf();
  const moved = PROVIDERS.flatMap(({ family }) => {
    const its = last.roots[family] ?? roots[family];
    return its === roots[family] ? [] : [{ flag: `--${family}-dir`, its, here: roots[family] }];
  });
  const isOther = last.user !== user;
  const differences = moved.map(({ flag, its, here }) => `${flag} ${its} (here ${here})`);
  if (isOther) differences.unshift(`user ${last.user} (here ${user})`);
  if (differences.length === 0) return [];
  const command = [
    doctorCommand(isOther ? last.user : undefined, last.sessionDir),
    ...moved.map(({ flag, its }) => `${flag} ${quoted(its)}`),
  ].join(' ');
  const message = `this page does not look as it did: ${differences.join(', ')}`;
  return [warning('last run', message, `to look so: ${command}`)];
}
