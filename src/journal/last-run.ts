import { closeSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, type ExitStatus } from '../errors.js';
import { VERSION } from '../name.js';
import { nameOf } from '../system/account.js';
import { type BootClock, bootClock } from '../system/boot-clock.js';
import { isLike } from '../system/json.js';
import { replaceFile } from '../system/replace-file.js';
import { openOurs } from './ours.js';

export const LAST_RUN_NAME = 'session_map.last-run.json';
const TEMP_NAME = `.${LAST_RUN_NAME}.tmp`;

/** What a clean run was told, and what became of it; times are ISO 8601, UTC. */
export interface Run {
  readonly sessionDir: string;
  readonly thresholdHours: number;
  /** The CLIs' directories by family. */
  readonly roots: Readonly<Record<string, string>>;
  readonly bridgeUrl: string | null;
  /** The command after a run that removed mappings. */
  readonly onChange: string | null;
  readonly endedAt: string;
  readonly exitStatus: ExitStatus;
  /** Its first error, as it was told; null when it had none. */
  readonly error: string | null;
  readonly removed: number;
  /** Why the map can't be replaced in the safe way, as the last commit found; null when it can. */
  readonly weaker: string | null;
  /** The mappings without a transcript, by `keyOf`, and since when: those that wait for `--missing remove`. */
  readonly missing: Readonly<Record<string, { readonly session: string; readonly since: string }>>;
}

/** The record of the last clean run, whatever became of it. A dry run leaves none. */
export interface LastRun extends Run {
  readonly version: 1;
  /** The kernel's own clock at its end. */
  readonly clock: BootClock;
  readonly user: string;
  readonly home: string | null;
  readonly program: Readonly<Record<'path' | 'version' | 'node' | 'nodePath', string>>;
  /** Of all runs on this map since the record was begun, this one included. */
  readonly counters: Readonly<Record<'runs' | 'removed' | 'failed', number>>;
}

/**
 * The record beside the map.
 *
 * @param directory the map's, as `locateMap` gives it
 * @returns undefined when there is none, and for one that is damaged or somebody else's
 */
export function readLastRun(directory: string): LastRun | undefined {
  try {
    const { file } = openOurs(join(directory, LAST_RUN_NAME));
    try {
      const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
      return isLastRun(value) ? value : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/**
 * Replaces the record in one step. To be called with the map's lock held, or at the end of a run.
 *
 * @param before the record of the run before, for the counters
 * @throws the system call's error
 */
export function writeLastRun(directory: string, run: Run, before: LastRun | undefined): void {
  const { runs, removed, failed } = before?.counters ?? { runs: 0, removed: 0, failed: 0 };
  const record: LastRun = {
    version: 1,
    ...run,
    clock: bootClock(),
    user: nameOf(),
    home: process.env['HOME'] ?? null,
    program: {
      path: process.argv[1] ?? '',
      version: VERSION,
      node: process.version,
      nodePath: process.execPath,
    },
    counters: {
      runs: runs + 1,
      removed: removed + run.removed,
      failed: failed + (run.exitStatus === EXIT.done ? 0 : 1),
    },
  };
  const temp = join(directory, TEMP_NAME);
  // A killed run's.
  rmSync(temp, { force: true });
  const text = `${JSON.stringify(record)}\n`;
  replaceFile(join(directory, LAST_RUN_NAME), text, { temp, mode: 0o600 });
}

// What is ours is whole or cut short: a look at its parts is enough.
const PARTS = { endedAt: '', roots: {}, missing: {}, clock: {}, program: {}, counters: {} };

function isLastRun(value: unknown): value is LastRun {
  if (!isLike(value, { version: 1, ...PARTS })) return false;
  const { version, endedAt } = value as LastRun;
  return version === 1 && !Number.isNaN(Date.parse(endedAt));
}
