import { userInfo } from 'node:os';
import { type Check, ok, warning } from './check.js';

/** Node, and the user and home that everything else depends on. */
export function checkSurroundings(
  environment: Readonly<Record<string, string | undefined>>,
): Check[] {
  return [
    // The launcher refuses older ones.
    ok('Node', `${process.version} (${process.execPath})`),
    checkHome(environment['HOME']),
  ];
}

function checkHome(home: string | undefined): Check {
  const user = currentUser();
  const name = `${user?.username ?? 'no name'} (user ${process.geteuid?.()}), HOME=${home ?? 'not set'}`;
  if (user !== undefined && home !== undefined && home !== user.homedir) {
    return warning(
      'user',
      `${name}, but this user's home is ${user.homedir}`,
      'the CLIs are looked for below HOME: with sudo, add -H',
    );
  }
  return ok('user', name);
}

function currentUser(): { username: string; homedir: string } | undefined {
  try {
    return userInfo();
  } catch {
    return undefined;
  }
}
