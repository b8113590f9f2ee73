import { readFileSync, statSync } from 'node:fs';

/** Why these tests can't run on this machine; undefined when they can. */
export function missingRequirement(): string | undefined {
  if (process.getuid?.() !== 0) return 'they need root';
  if (!exists('/lib/systemd/systemd')) return 'systemd is not installed';
  if (!/\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')))
    return 'the kernel has no overlayfs';
  return undefined;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
