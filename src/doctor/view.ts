import { join } from 'node:path';
import type { LastRun } from '../journal/last-run.js';
import { type Finding, ok, warning } from '../output/finding.js';
import { PROVIDERS, type Roots } from '../providers/index.js';
import { type Account, accountOf, ownAccount } from '../system/account.js';
import { quoted, thisProgram } from './this-program.js';

/** What the page looks at. */
export interface Settings {
  readonly sessionDir: string;
  readonly roots: Roots;
  readonly bridgeUrl: URL | undefined;
}

/** Who looks, and at what. */
export interface View extends Settings {
  /** Undefined for a user without an account. */
  readonly account: Account | undefined;
  readonly home: string;
  /** The other user whose map root looks at. */
  readonly owner: Account | undefined;
}

/**
 * Root looks at another user's map as that user's last run did, or as that user would. The bridge that
 * the last run asked is asked by everybody.
 *
 * @param given what doctor was told
 * @param home doctor's HOME
 */
export function viewOf(
  given: Settings,
  home: string,
  owner: Account | undefined,
  last: LastRun | undefined,
): View {
  const known = last?.bridgeUrl;
  const bridgeUrl = given.bridgeUrl ?? (known ? new URL(known) : undefined);
  const account = ownAccount();
  const { sessionDir, roots } = given;
  if (owner === undefined) return { sessionDir, roots, bridgeUrl, account, home, owner };
  const theirs = PROVIDERS.map(({ family, rootName }) => {
    const isTold = roots[family] !== join(home, rootName);
    return [family, isTold ? roots[family] : (last?.roots[family] ?? join(owner.home, rootName))];
  });
  return {
    ...{ sessionDir, bridgeUrl, account, owner, home: last?.home ?? owner.home },
    roots: Object.fromEntries(theirs) as Roots,
  };
}

/** The user and the home that everything else depends on. */
export function checkUser(view: View): Finding {
  const { account, home, owner } = view;
  if (owner !== undefined) {
    const message = `root looks at the map of ${owner.name}; what ${owner.name} may read and write is not checked`;
    return warning('user', message, `to look as ${owner.name}: ${commandAs(owner, view)}`);
  }
  const name = `${account?.name ?? 'no name'} (user ${process.geteuid?.()}), HOME=${home || 'not set'}`;
  if (account === undefined || home === '' || home === account.home) return ok('user', name);
  const fix = 'the CLIs are looked for below HOME: with sudo, add -H';
  return warning('user', `${name}, but this user's home is ${account.home}`, fix);
}

/** Whether the page looks as the last run did: otherwise it says little about the next one. */
export function checkSameView(last: LastRun, view: View): Finding[] {
  const its = [last.user, last.home ?? '', ...movedRoots(last.home ?? '', last.roots)];
  const user = (view.owner ?? view.account)?.name ?? '';
  const ours = [user, view.home, ...movedRoots(view.home, view.roots)];
  const names = ['user', 'HOME', ...PROVIDERS.map(({ family }) => `--${family}-dir`)];
  const differences = names.flatMap((name, at) =>
    its[at] === ours[at]
      ? []
      : [`${name} ${its[at] || 'not given'} (here ${ours[at] || 'not given'})`],
  );
  if (differences.length === 0) return [];
  const message = `this page does not look as it did: ${differences.join(', ')}`;
  const account = accountOf(last.user);
  const command = account && commandAs(account, { ...last, home: last.home ?? '' });
  return [warning('last run', message, command === undefined ? null : `to look so: ${command}`)];
}

/** The CLIs' directories; '' for those that follow from the home. */
function movedRoots(home: string, roots: Readonly<Record<string, string>>): string[] {
  return PROVIDERS.map(({ family, rootName }) => {
    const root = roots[family] ?? '';
    return root === join(home, rootName) ? '' : root;
  });
}

interface Told {
  readonly sessionDir: string;
  readonly home: string;
  readonly roots: Readonly<Record<string, string>>;
}

/** The command by which a user has doctor look at these. */
function commandAs(user: Account, { sessionDir, home, roots }: Told): string {
  const isOwn = user.uid === process.geteuid?.();
  const words = ['doctor', '--session-dir', quoted(sessionDir)];
  for (const [at, root] of movedRoots(home, roots).entries()) {
    if (root !== '') words.push(`--${PROVIDERS[at]?.family}-dir`, quoted(root));
  }
  return [
    ...(isOwn ? [] : [`sudo -u ${quoted(user.name)} -H`]),
    ...(home === (isOwn ? process.env['HOME'] : user.home) ? [] : ['env', quoted(`HOME=${home}`)]),
    thisProgram(isOwn ? process.env['PATH']?.split(':') : undefined),
    ...words,
  ].join(' ');
}
