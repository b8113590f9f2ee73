import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';

/** A user as the password database has it. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
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

/** The account of a user's name or number, as the name service switch knows it; undefined when there is none. */
export function accountOf(user: string | number): Account | undefined {
  const { stdout } = spawnSync('getent', ['passwd', '--', String(user)], { encoding: 'utf8' });
  const [name, , uid, , , home] = (stdout ?? '').split(':');
  if (!name || uid === undefined || home === undefined) return undefined;
  return { name, uid: Number(uid), home };
}

/** A user by name, by number where it has none; without a number the one that this process runs as. */
export function nameOf(uid = process.geteuid?.() ?? 0): string {
  const own = ownAccount();
  return (own?.uid === uid ? own : accountOf(uid))?.name ?? String(uid);
}

/** Whether something belongs to this user or to root, so that nobody else can have put it there. */
export function isOwn({ uid }: { readonly uid: number }): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
