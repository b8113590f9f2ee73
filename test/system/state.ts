import type { Machine } from './machine.js';
import { SESSIONS } from './test.js';

/**
 * Everything that an installation could leave: each file's kind, mode, owner, name and content. What
 * is in the map's directory is the bridge's and the runs', and the first lines of a crontab are cron's
 * own: they say when it was written.
 */
export function stateOf(machine: Machine): Promise<string> {
  return machine.run(
    `list() {
       for place in /etc /home /usr/local/share /var/spool/cron /var/lib/systemd/{timers,linger} /run/systemd/system /tmp; do
         [ ! -e $place ] || find $place -mindepth 1 -not -path '${SESSIONS}*/*' \
           -not -name 'systemd-private-*' "$@"
       done
     }
     list -printf '%p %y %m %u:%g %l\n' | sort
     list -type f -not -path '/var/spool/cron/*' -print0 | sort -z | xargs -0 sha256sum
     [ ! -e /var/spool/cron/crontabs ] || find /var/spool/cron/crontabs -type f -exec tail -n +4 {} +
     systemctl list-unit-files --no-legend 'claude-*' || true
     systemctl list-units --all --no-legend 'claude-*'`,
  );
}
