import { realpathSync } from 'node:fs';
import { uptime } from 'node:os';
import type { LastRun } from '../journal/last-run.js';
import { VERSION } from '../name.js';
import { counted } from '../output/counted.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { localTime } from '../output/time.js';
import { installCommand, type Job } from './job.js';

const SUBJECT = 'last run';
const HOUR_MS = 3600 * 1000;
// An hourly job may be late by its randomized delay; two that are left out are no delay.
const OVERDUE_MS = 2 * HOUR_MS;
// Between the start of a run and what it and cron's script write down.
const SLACK_MS = 5 * 1000;
// A persistent timer counts its first activation as a start.
const ACTIVATION_MS = 60 * 1000;

/**
 * What the last real run has left, and whether there should be a newer one. A dry run leaves nothing,
 * nor does one that can't start or that cleans another map.
 *
 * @param jobs what starts the program by itself for this map
 * @param now ms since the epoch
 */
export function checkLastRun(
  last: LastRun | undefined,
  jobs: readonly Job[],
  now: number,
): Finding[] {
  const ended = last === undefined ? 0 : Date.parse(last.endedAt);
  return [
    ...jobs.flatMap((job) => checkSilence(job, ended, now)),
    ...(last === undefined ? [noneYet(jobs)] : [describe(last, ended, jobs, now)]),
    ...(last === undefined ? [] : [...checkWay(last), ...checkProgram(last, jobs[0])]),
  ];
}

/** A job that starts, or should, and leaves no record: what users fear most. */
function checkSilence(job: Job, ended: number, now: number): Finding[] {
  const { subject, lastFired = 0, changedAt, isHourly, isSettled, logCommand } = job;
  const left =
    ended === 0 ? 'no real run has left a record' : `the last real run ended ${localTime(ended)}`;
  const expected = Math.max(ended + SLACK_MS, changedAt + ACTIVATION_MS);
  if (isSettled && lastFired > expected && now - lastFired > SLACK_MS) {
    const message = `was started ${localTime(lastFired)}, but ${left}: it makes dry runs, or cleans another map`;
    return [
      problem(subject, message, `look for DRY_RUN and --dry-run in its settings; ${logCommand}`),
    ];
  }
  const booted = now - uptime() * 1000;
  if (isHourly && now - Math.max(changedAt, booted, lastFired, ended) > OVERDUE_MS) {
    return [problem(subject, `should run every hour, but ${left}`, logCommand)];
  }
  return [];
}

function noneYet(jobs: readonly Job[]): Finding {
  const next = jobs.length === 0 ? '' : ': with what settings it runs is known after the first one';
  return ok(SUBJECT, `none has left a record beside this map${next}`);
}

function describe(last: LastRun, ended: number, jobs: readonly Job[], now: number): Finding {
  const { user, exitStatus, error, removed, thresholdHours } = last;
  const ago = `${localTime(ended)}, ${((now - ended) / HOUR_MS).toFixed(1)}h ago`;
  if (exitStatus !== 0) {
    const cause = error === null ? `status ${exitStatus}` : `status ${exitStatus}: ${error}`;
    return problem(
      SUBJECT,
      `${ago}, as ${user}: failed with ${cause}`,
      jobs[0]?.logCommand ?? null,
    );
  }
  return ok(
    SUBJECT,
    `${ago}, as ${user}, threshold ${counted(thresholdHours, 'hour')}, removed ${counted(removed, 'mapping')}`,
  );
}

/** Where the file system lacks what a safe exchange needs. */
function checkWay({ weaker }: LastRun): Finding[] {
  if (weaker === null) return [];
  const message = `the map's disk ${weaker}: a cleaned map is compared and then renamed over`;
  const fix =
    'what another program writes in that instant can be lost; a local disk has no such gap';
  return [warning('commit', message, fix)];
}

/** Another copy of the program may know less than this one. */
function checkProgram({ program }: LastRun, job: Job | undefined): Finding[] {
  const isSame = program.version === VERSION && real(program.path) === real(process.argv[1] ?? '');
  if (isSame) return [];
  const message = `was made by ${program.path} ${program.version}, not by this copy, ${VERSION}`;
  return [warning(SUBJECT, message, `to have this copy run: ${installCommand(job)}`)];
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
