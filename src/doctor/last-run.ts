import type { LastRun } from '../journal/last-run.js';
import { VERSION } from '../name.js';
import { counted } from '../output/counted.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { localTime, timeAgo } from '../output/time.js';
import { installCommand, type Job } from './job.js';

const SUBJECT = 'last run';
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
  const silent = jobs.flatMap((job) => checkSilence(job, ended, now));
  if (last === undefined) return [...silent, ok(SUBJECT, 'none has left a record beside this map')];
  return [
    ...silent,
    describe(last, ended, jobs, now),
    ...(last.weaker === null ? [] : [weakerWay(last.weaker)]),
    ...(last.program.version === VERSION ? [] : [otherProgram(last.program, jobs)]),
  ];
}

/** A job that starts, or should, and leaves no record: what users fear most. */
function checkSilence(job: Job, ended: number, now: number): Finding[] {
  const { subject, dueAt, changedAt, logCommand } = job;
  const isExplained = dueAt <= Math.max(ended + SLACK_MS, changedAt + ACTIVATION_MS);
  if (isExplained || now - dueAt <= SLACK_MS) return [];
  const left =
    ended === 0 ? 'no real run has left a record' : `the last real run ended ${localTime(ended)}`;
  const message = `was due ${localTime(dueAt)}, but ${left}: it does not start, makes dry runs, or cleans another map`;
  return [
    problem(subject, message, `look for DRY_RUN and --dry-run in its settings; ${logCommand}`),
  ];
}

function describe(last: LastRun, ended: number, jobs: readonly Job[], now: number): Finding {
  const { user, exitStatus, error, removed, thresholdHours } = last;
  const when = `${localTime(ended)}, ${timeAgo(ended, now)}, as ${user}`;
  if (exitStatus !== 0) {
    const cause = error === null ? `status ${exitStatus}` : `status ${exitStatus}: ${error}`;
    return problem(SUBJECT, `${when}: failed with ${cause}`, jobs[0]?.logCommand ?? null);
  }
  const did = `threshold ${counted(thresholdHours, 'hour')}, removed ${counted(removed, 'mapping')}`;
  return ok(SUBJECT, `${when}, ${did}`);
}

/** Where the file system lacks what a safe exchange needs. */
function weakerWay(weaker: string): Finding {
  const message = `the map's disk ${weaker}: a cleaned map is compared and then renamed over`;
  const fix =
    'what another program writes in that instant can be lost; a local disk has no such gap';
  return warning('commit', message, fix);
}

/** It may know less than this one. */
function otherProgram({ path, version }: LastRun['program'], [job]: readonly Job[]): Finding {
  const message = `was made by ${path} ${version}, not by this copy, ${VERSION}`;
  return warning(SUBJECT, message, `to have this copy run: ${installCommand(job)}`);
}
