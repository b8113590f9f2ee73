import { statSync } from 'node:fs';
import type { SessionFile, SessionFiles } from '../providers/found-files.js';
import { type Family, PROVIDERS, providerOf, type Roots } from '../providers/index.js';
import { timeOf } from '../providers/look.js';
import type { Obstacle } from '../providers/obstacle.js';
import { type MappedCli, type Running, runningSessions } from '../providers/running.js';
import { type Sweep, sweep } from '../providers/sweep.js';
import type { Mapping } from '../session-map/parse.js';
import type { Activity, Evidence, Policy, Process } from './decide.js';
import { sessionsOf } from './mapped.js';

/** The session that a mapping names. */
type Named = Pick<Mapping, 'family' | 'session'>;

// Some file systems count whole seconds: what changes within the same one looks unchanged.
const COARSE_CLOCK_MS = 2000;

const NOTHING: SessionFiles = { files: [], obstacles: [] };

/** What the CLIs' directories and processes say of the mapped sessions. */
export class FoundActivity implements Evidence {
  readonly #clis: readonly MappedCli[];
  readonly #activeSince: number;
  #sweeps: ReadonlyMap<Family | undefined, Sweep>;
  #sweptAt: number;
  #running: ReadonlyMap<Family | undefined, Running>;
  #processesAt = 0;

  /** Sweeps the tree of each CLI that is mapped, once, and looks at the processes. */
  constructor(
    mappings: readonly Mapping[],
    readonly roots: Roots,
    { now, thresholdMsOf }: Pick<Policy, 'now' | 'thresholdMsOf'>,
  ) {
    this.#clis = PROVIDERS.map(({ family }) => ({
      family,
      root: roots[family],
      sessions: sessionsOf(mappings, family),
    })).filter(({ sessions }) => sessions.size > 0);
    this.#activeSince = mappings.reduce(
      (since, one) => Math.min(since, now - thresholdMsOf(one)),
      now,
    );
    this.#sweptAt = now;
    this.#sweeps = this.#sweep();
    this.#running = this.#lookForProcesses();
  }

  /** Looks at the processes, and once more at the trees as far as anything in them has changed. */
  refresh(): void {
    if (this.#hasChanged()) {
      this.#sweptAt = Date.now();
      this.#sweeps = this.#sweep();
    }
    this.refreshProcesses();
  }

  /** @param maxAge a look that is no older will do, in seconds */
  refreshProcesses(maxAge = 0): void {
    // Node takes 1 ms to load `performance`.
    if (process.uptime() - this.#processesAt < maxAge) return;
    this.#running = this.#lookForProcesses();
  }

  activityOf(session: Named): Activity {
    const { files } = this.#foundOf(session);
    const transcripts = files.filter(({ part }) => part === 'transcript');
    return {
      lastActivity: newest(files)?.mtimeMs ?? null,
      transcript: newest(transcripts)?.path ?? null,
      isUncertain: this.obstaclesTo(session).length > 0,
    };
  }

  /** How many transcripts a CLI has, of mapped sessions and others. */
  transcriptsOf(family: Family): number {
    return this.#sweeps.get(family)?.transcripts ?? 0;
  }

  processOf({ family, session }: Named): Process {
    const id = session?.toLowerCase() ?? '';
    const running = this.#running.get(family);
    if (running?.sessions.has(id)) return 'running';
    return running?.doubtful.has(id) ? 'perhaps' : 'none';
  }

  /** What could not be looked at of what may be this session's. */
  obstaclesTo(session: Named): readonly Obstacle[] {
    const ofAll = this.#sweeps.get(session.family)?.obstacles ?? [];
    return [...ofAll, ...this.#foundOf(session).obstacles];
  }

  /** What hindered the look at the processes. */
  get processObstacles(): Running['obstacles'] {
    return [...this.#running.values()].flatMap(({ obstacles }) => obstacles);
  }

  /** The files that count for a session. */
  filesOf(session: Named): readonly SessionFile[] {
    return this.#foundOf(session).files;
  }

  /**
   * The session's last activity as its files have it at this moment, ms since the epoch; null without
   * a file.
   *
   * @throws the system call's error when a file can't be looked at
   */
  latestActivity(session: Named): number | null {
    const times = this.filesOf(session).flatMap(
      ({ path }) => statSync(path, { throwIfNoEntry: false }) ?? [],
    );
    return newest(times)?.mtimeMs ?? null;
  }

  #sweep(): ReadonlyMap<Family, Sweep> {
    return new Map(
      this.#clis.map(({ family, root, sessions }) => [
        family,
        sweep(providerOf(family), root, sessions, this.#activeSince),
      ]),
    );
  }

  /** Whether files may have come, gone or begun to matter since the sweep. */
  #hasChanged(): boolean {
    return [...this.#sweeps.values()].some(({ watched }) =>
      [...watched].some(([path, swept]) => {
        const time = timeOf(path);
        return time !== swept || Math.abs(time - this.#sweptAt) < COARSE_CLOCK_MS;
      }),
    );
  }

  #lookForProcesses(): ReadonlyMap<Family, Running> {
    this.#processesAt = process.uptime();
    return runningSessions(this.#clis);
  }

  #foundOf({ family, session }: Named): SessionFiles {
    return this.#sweeps.get(family)?.sessions.get(session?.toLowerCase() ?? '') ?? NOTHING;
  }
}

function newest<T extends { readonly mtimeMs: number }>(files: readonly T[]): T | undefined {
  return files.reduce<T | undefined>(
    (one, other) => (one === undefined || other.mtimeMs > one.mtimeMs ? other : one),
    undefined,
  );
}
