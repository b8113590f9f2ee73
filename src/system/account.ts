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
