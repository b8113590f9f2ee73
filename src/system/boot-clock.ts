import { readFileSync } from 'node:fs';

/** How long this machine has run: what changing its clock does not change. */
export interface BootClock {
  /** The kernel's id of this boot; '' where it gives none. */
  readonly boot: string;
  /** Since the boot, time asleep included, ms; -1 where it is not known. */
  readonly upMs: number;
}

/** The kernel's own clock at this moment. */
export function bootClock(): BootClock {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const [seconds] = readFileSync('/proc/uptime', 'utf8').split(' ');
    return { boot, upMs: Number(seconds) * 1000 };
  } catch {
    return { boot: '', upMs: -1 };
  }
}
