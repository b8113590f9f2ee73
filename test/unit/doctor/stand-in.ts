import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { Job } from '../../../src/doctor/job.js';
import type { Home } from '../../support/home.js';

/** Has this shell script be what is found under a program's name, for the time of a test. */
export function standIn(home: Home, name: string, script: string): void {
  const bin = join(home.dir, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** Has crontab print a table, or fail with what it says. */
export function crontab(home: Home, table: string, fails = false): void {
  const path = home.file('table', 0, `${table}\n`);
  standIn(home, 'crontab', `cat ${path} ${fails ? '>&2; exit 1' : ''}`);
}

/** A job that cleans some map. */
export function jobOf(changes: Partial<Job> = {}): Job {
  return {
    subject: 'the timer',
    mode: 'systemd',
    instance: 'default',
    directory: undefined,
    restartsBridge: false,
    changedAt: 0,
    dueAt: 0,
    logCommand: 'journalctl -u it',
    ...changes,
  };
}
