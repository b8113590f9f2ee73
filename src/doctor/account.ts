import type { Account } from '../system/account.js';
import { ask } from './ask.js';

/** The account of a user's name or number; undefined when there is none. */
export function accountOf(user: string | number): Account | undefined {
  const [name, , uid, , , home] = ask(['getent', 'passwd', '--', String(user)]).stdout.split(':');
  if (name === undefined || uid === undefined || home === undefined) return undefined;
  return { name, uid: Number(uid), home };
}
