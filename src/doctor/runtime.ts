import { type Finding, ok, warning } from '../output/finding.js';
import { ownAccount } from '../system/account.js';

/** Node, and the user and home that everything else depends on. */
export function checkSurroundings(
  environment: Readonly<Record<string, string | undefined>>,
): Finding[] {
  return [
    // The launcher refuses older ones.
    ok('Node', `${process.version} (${process.execPath})`),
    checkHome(environment['HOME']),
  ];
}

function checkHome(home: string | undefined): Finding {
  const user = ownAccount();
  const name = `${user?.name ?? 'no name'} (user ${process.geteuid?.()}), HOME=${home ?? 'not set'}`;
  if (user !== undefined && home !== undefined && home !== user.home) {
    return warning(
      'user',
      `${name}, but this user's home is ${user.home}`,
      'the CLIs are looked for below HOME: with sudo, add -H',
    );
  }
  return ok('user', name);
}
