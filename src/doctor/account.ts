import { userInfo } from 'node:os';
import { ask } from './ask.js';

/** A user as the password database has it. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** The account of a user's name or number; undefined when there is none. */
export function accountOf(user: string | number): Account | undefined {
  const [name, , uid, , , home] = ask(['getent', 'passwd', '--', String(user)]).stdout.split(':');
  if (name === undefined || uid === undefined || home === undefined) return undefined;
  return { name, uid: Number(uid), home };
}

/** The account that this process runs as; undefined when it has none. */
export function ownAccount(): Account | undefined {
  try {
    const { username, uid, homedir } = userInfo();
    return { name: username, uid, home: homedir };
  } catch {
    return undefined;
  }
}
