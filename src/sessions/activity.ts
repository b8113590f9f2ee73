import { statSync } from 'node:fs';
import { problem, warning } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import type { SessionFile, SessionFiles } from '../providers/file-index.js';
import { type Family, PROVIDERS, type Roots } from '../providers/index.js';
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
  /** When names last changed in each directory that was looked into, as it says at this moment, ms. */
  directoryTimes(): ReadonlyMap<string, number>;
  /** The same as it was when they were looked into. */
  directoryTimesSwept(): ReadonlyMap<string, number>;
  /** The files that count for a session. */
  filesOf(family: Family, session: string): readonly SessionFile[];
  readonly roots: Roots;
}

const NOTHING: SessionFiles = { files: [], obstacles: [] };

/**
 * Sweeps the tree of each CLI that is mapped, once.
 *
 * @param checkRunning whether to look for the sessions' processes, too
 */
export function findActivity(
  mappings: readonly Mapping[],
  roots: Roots,
  checkRunning: boolean,
  keepTimes = false,
): FoundActivity {
  const mapped = PROVIDERS.map((provider) => ({
    provider,
    family: provider.family,
    sessions: sessionsOf(mappings, provider.family),
  })).filter(({ sessions }) => sessions.size > 0);
  const sweeps = new Map<Family, Sweep>(
    mapped.map(({ provider, family, sessions }) => [
      family,
      sweep(provider, roots[family], sessions, keepTimes),
    ]),
  );
  const lookForProcesses = (): ReadonlyMap<Family, Running> =>
    new Map(
      (checkRunning ? mapped : []).map(({ family, sessions }) => [
        family,
        runningSessions(family, roots[family], sessions),
      ]),
    );
  let running = lookForProcesses();
  const filesOf = (family: Family, session: string): SessionFiles =>
    sweeps.get(family)?.sessions.get(session) ?? NOTHING;
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
    isRunning: (family, session) => running.get(family)?.sessions.has(session) ?? false,
    mayRun: (family, session) => running.get(family)?.doubtful.has(session) ?? false,
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
    directoryTimes() {
      const directories = [...sweeps.values()].flatMap((found) => [...found.directories.keys()]);
      return new Map(directories.map((directory) => [directory, timeOf(directory)]));
    },
    directoryTimesSwept: () =>
      new Map([...sweeps.values()].flatMap((found) => [...found.directories])),
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
