import { join } from 'node:path';
import { PROGRAM } from '../name.js';
import type { Account } from '../system/account.js';
import { ask } from './ask.js';
import { SUDO } from './this-program.js';

/** A manager of services: the system's, or a user's own. */
export interface Manager {
  readonly mode: 'systemd' | 'user';
  readonly account: Account;
  /** Behind a timer's name on the page. */
  readonly label: string;
  /** What asks it. */
  readonly systemctl: readonly string[];
  /** What a reader of the page types. */
  readonly typed: string;
  /** Where its administrator's units and the instances' settings lie. */
  readonly folders: readonly string[];
}

/** The system's own manager. */
export const SYSTEM: Manager = {
  mode: 'systemd',
  account: { name: 'root', uid: 0, home: '/root' },
  label: '',
  systemctl: ['systemctl', '--system'],
  typed: `${SUDO}systemctl`,
  folders: ['/etc/systemd/system', `/etc/${PROGRAM}`],
};

/**
 * The manager of a user's own services. It is asked as that user, who need not be logged in here: sudo
 * and su leave out XDG_RUNTIME_DIR.
 *
 * @param isOwn whether this process runs as that user
 */
export function managerOf(account: Account, isOwn: boolean): Manager {
  const runtime = `XDG_RUNTIME_DIR=/run/user/${account.uid}`;
  const isLoggedIn = isOwn && process.env['XDG_RUNTIME_DIR'] !== undefined;
  // Without setsid the user's program could type into root's terminal.
  const become = ['setsid', '--wait', 'runuser', '-u', account.name, '--', 'env', '-i'];
  const before = isLoggedIn ? '' : `${isOwn ? '' : `sudo -u ${account.name} env `}${runtime} `;
  const config = (isOwn && process.env['XDG_CONFIG_HOME']) || join(account.home, '.config');
  return {
    mode: 'user',
    account,
    label: isOwn ? ' (user)' : ` (user ${account.name})`,
    systemctl: [...(isOwn ? ['env'] : become), 'TZ=UTC', runtime, 'systemctl', '--user'],
    typed: `${before}systemctl --user`,
    folders: [join(config, 'systemd/user')],
  };
}

/** What a unit's settings and state are called, and what they are. */
export type Unit = Readonly<Record<string, string>>;

/** What a manager says of units, by name or pattern; undefined when it does not answer. */
export function unitsOf(
  { systemctl }: Manager,
  names: readonly string[],
): readonly Unit[] | undefined {
  const { answered, stdout } = ask([...systemctl, 'show', '--all', '--', ...names]);
  if (!answered) return undefined;
  const units = stdout.split('\n\n').map((block): Unit => {
    const lines = block.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line) ?? []);
    return Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value]));
  });
  return [...new Map(units.map((unit) => [unit['Id'] ?? '', unit])).values()];
}
