import { statSync } from 'node:fs';
import { problem, warning } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import type { SessionFile, SessionFiles } from '../providers/file-index.js';
import { type Family, PROVIDERS, providerOf, type Roots } from '../providers/index.js';
import { inWords, type Obstacle } from '../providers/obstacle.js';
import { type Running, runningSessions } from '../providers/running.js';
import { type Sweep, sweep, timeOf } from '../providers/sweep.js';
import type { Mapping } from '../session-map/parse.js';
import type { Activity, Evidence } from './decide.js';
import { sessionsOf } from './mapped.js';

/** What the CLIs' directories say of the mapped sessions. */
export interface FoundActivity extends Evidence {
  /** What could not be looked at of what may be this session's. */
  obstaclesTo(family: Family, session: string): readonly Obstacle[];
  /** Says what could not be looked at, as far as a mapping stayed undecided for it. */
  reportObstacles(family: Family, session: string, problems: Problems): void;
  /** Looks for the sessions' processes anew, where that was asked for. */
  refreshRunning(): void;
  /** Says what hindered a look for the sessions' processes. */
  reportRunningDoubts(problems: Problems): void;
  /**
   * The session's last activity as its files have it at this moment, ms since the epoch; null without
   * a file.
   *
   * @throws the system call's error when a file can't be looked at
   */
  latestActivity(family: Family, session: string): number | null;
  /** The files that count for a session. */
  filesOf(family: Family, session: string): readonly SessionFile[];
  /**
   * Whether files may have come, gone or begun to matter since the sweep, as far as it was to keep what
   * shows that.
   *
   * @param moment when it began, ms since the epoch
   */
  hasChangedSince(moment: number): boolean;
  readonly roots: Roots;
}

// Some file systems count whole seconds: what changes within the same one looks unchanged.
const COARSE_CLOCK_MS = 2000;

const NOTHING: SessionFiles = { files: [], obstacles: [] };

/** What to look for. */
export interface Look {
  /** Whether to look for the sessions' processes, too. */
  readonly checkRunning: boolean;
  /** What happened before then can't make a session active, ms since the epoch. */
  readonly activeSince: number;
  /** Whether it is to be told later if something has changed. */
  readonly keepTimes?: boolean;
}

/** Sweeps the tree of each CLI that is mapped, once. */
export function findActivity(
  mappings: readonly Mapping[],
  roots: Roots,
  { checkRunning, activeSince, keepTimes = false }: Look,
): FoundActivity {
  const clis = PROVIDERS.map(({ family }) => ({
    family,
    root: roots[family],
    sessions: new Set([...sessionsOf(mappings, family)].map((session) => session.toLowerCase())),
  })).filter(({ sessions }) => sessions.size > 0);
  const sweeps = new Map<Family, Sweep>(
    clis.map(({ family, root, sessions }) => [
      family,
      sweep(providerOf(family), root, sessions, { activeSince, keepTimes }),
    ]),
  );
  const lookForProcesses = (): ReadonlyMap<Family, Running> =>
    checkRunning ? runningSessions(clis) : new Map();
  let running = lookForProcesses();
  const filesOf = (family: Family, session: string): SessionFiles =>
    sweeps.get(family)?.sessions.get(session.toLowerCase()) ?? NOTHING;
  const obstaclesTo = (family: Family, session: string): Obstacle[] => [
    ...(sweeps.get(family)?.obstacles ?? []),
    ...filesOf(family, session).obstacles,
  ];
  const said = new Set<string>();

  return {
    roots,
    obstaclesTo,
    filesOf: (family, session) => filesOf(family, session).files,
    activityOf: (family, session) => summarize(filesOf(family, session)),
    pictureOf: (family) => {
      const found = sweeps.get(family);
      return {
        transcripts: found?.transcripts ?? 0,
        uncertain: (found?.obstacles.length ?? 0) > 0,
      };
    },
    isRunning: (family, session) =>
      running.get(family)?.sessions.has(session.toLowerCase()) ?? false,
    mayRun: (family, session) => running.get(family)?.doubtful.has(session.toLowerCase()) ?? false,
    refreshRunning() {
      running = lookForProcesses();
    },
    reportRunningDoubts(problems) {
      for (const { path, reason } of [...running.values()].flatMap(({ obstacles }) => obstacles)) {
        const message = `can't be read: ${reason}; whether sessions run right now is not known, and --keep-running keeps them`;
        problems.add(warning(path, message));
      }
    },
    reportObstacles(family, session, problems) {
      for (const obstacle of obstaclesTo(family, session)) {
        const { path, fix } = obstacle;
        if (said.has(path)) continue;
        said.add(path);
        const message = `${inWords(obstacle)}; the mappings that depend on it were kept`;
        problems.add(problem(path, message, fix));
      }
    },
    latestActivity(family, session) {
      const times = filesOf(family, session).files.map(
        ({ path }) => statSync(path, { throwIfNoEntry: false })?.mtimeMs,
      );
      return newest(times.filter((time) => time !== undefined));
    },
    hasChangedSince(moment) {
      return [...sweeps.values()].some(({ watched }) =>
        [...watched].some(([path, swept]) => {
          const time = timeOf(path);
          return time !== swept || Math.abs(time - moment) < COARSE_CLOCK_MS;
        }),
      );
    },
  };
}

function summarize({ files, obstacles }: SessionFiles): Activity {
  let lastActivity: number | null = null;
  let transcript: SessionFile | undefined;
  for (const file of files) {
    if (lastActivity === null || file.mtimeMs > lastActivity) lastActivity = file.mtimeMs;
    const isNewer = transcript === undefined || file.mtimeMs > transcript.mtimeMs;
    if (file.part === 'transcript' && isNewer) transcript = file;
  }
  return {
    lastActivity,
    transcript: transcript?.path ?? null,
    uncertain: obstacles.length > 0,
  };
}

function newest(times: readonly number[]): number | null {
  return times.length === 0 ? null : times.reduce((a, b) => Math.max(a, b));
}
