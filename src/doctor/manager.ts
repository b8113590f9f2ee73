import { join } from 'node:path';
import { PROGRAM } from '../name.js';
import type { Account } from '../system/account.js';
import { ask } from './ask.js';

/** A manager of services: the system's, or a user's own. */
export interface Manager {
  readonly account: Account;
  /** Behind a timer's name on the doctor's page. */
  readonly label: string;
  /** What asks it. */
  readonly systemctl: readonly string[];
  /** What a reader of the page types. */
  readonly typed: { readonly systemctl: string; readonly journalctl: string };
  /** Where its administrator's units and drop-ins lie. */
  readonly units: string;
  /** Where its instances' settings lie, if nothing else's lie there. */
  readonly settings: string | undefined;
}

/** The system's own manager. */
export const SYSTEM: Manager = {
  account: { name: 'root', uid: 0, home: '/root' },
  label: '',
  systemctl: ['systemctl', '--system'],
  typed: { systemctl: 'sudo systemctl', journalctl: 'sudo journalctl' },
  units: '/etc/systemd/system',
  settings: `/etc/${PROGRAM}`,
};

/**
 * The manager of a user's own services. It is asked as that user, who need not be logged in here: sudo
 * and su leave out XDG_RUNTIME_DIR.
 *
 * @param isOwn whether this process runs as that user
 */
export function managerOf(account: Account, isOwn: boolean): Manager {
  const runtime = `XDG_RUNTIME_DIR=/run/user/${account.uid}`;
  const become = ['setsid', '--wait', 'runuser', '-u', account.name, '--', 'env', '-i'];
  const isLoggedIn = isOwn && process.env['XDG_RUNTIME_DIR'] !== undefined;
  const asUser = isLoggedIn
    ? ''
    : isOwn
      ? `${runtime} `
      : `sudo -u ${account.name} env ${runtime} `;
  return {
    account,
    label: isOwn ? ' (user)' : ` (user ${account.name})`,
    systemctl: [...(isOwn ? ['env'] : become), runtime, 'systemctl', '--user'],
    typed: { systemctl: `${asUser}systemctl --user`, journalctl: `${asUser}journalctl --user` },
    units: join(
      (isOwn && process.env['XDG_CONFIG_HOME']) || join(account.home, '.config'),
      'systemd/user',
    ),
    settings: undefined,
  };
}

/** What a unit's settings and state are called, and what they are. */
export type Properties = Readonly<Record<string, string>>;

/** What a manager says of a unit. A property that it has several times has a line for each. */
export function propertiesOf({ systemctl }: Manager, unit: string): Properties {
  const shown: Record<string, string> = {};
  for (const line of ask([...systemctl, 'show', '--all', '--', unit]).stdout.split('\n')) {
    const at = line.indexOf('=');
    const [name, value] = [line.slice(0, at), line.slice(at + 1)];
    shown[name] = shown[name] === undefined ? value : `${shown[name]}\n${value}`;
  }
  return shown;
}
