import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Home } from './home.js';

/** The file that a run locks. */
export function lockOf(home: Home): string {
  return join(home.sessionDir, '.session_map.cleanup.lock');
}

/** Holds a home's lock, as another run does, until the returned function is called or the test ends. */
export async function holdLock(home: Home): Promise<() => void> {
  const holder = spawn('flock', [lockOf(home), 'sh', '-c', 'echo held; exec sleep 600'], {
    detached: true,
  });
  const release = (): void => {
    if (holder.pid !== undefined && holder.exitCode === null && holder.signalCode === null) {
      process.kill(-holder.pid, 'SIGKILL');
    }
  };
  onTestFinished(release);
  await once(holder.stdout, 'data');
  return release;
}
