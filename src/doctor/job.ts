import { type Finding, warning } from '../output/finding.js';
import { installer, SUDO } from './this-program.js';

/** What starts this program by itself, as far as systemd or cron tells. */
export interface Job {
  /** As the page names it. */
  readonly subject: string;
  readonly mode: 'systemd' | 'user' | 'cron';
  readonly instance: string;
  readonly user: string;
  /** The directories that it may write to; empty where that is not to be seen. */
  readonly directories: readonly string[];
  /** When it was last started by itself, ms since the epoch; undefined for never, or not known. */
  readonly lastFired: number | undefined;
  /** When what starts it was last changed, ms since the epoch; 0 where that is not known. */
  readonly changedAt: number;
  /** Whether it is to run every hour, without systemd to tell whether it does. */
  readonly isHourly: boolean;
  /** Whether it runs now, or has failed: then its own line tells of it. */
  readonly isSettled: boolean;
  /** Whether the bridge's unit is restarted after a run that removed mappings. */
  readonly restartsBridge: boolean;
  /** Shows what it did. */
  readonly logCommand: string;
}

/** What was found in one place that can start programs by itself. */
export interface Findings {
  readonly checks: readonly Finding[];
  readonly jobs: readonly Job[];
}

export const NOTHING: Findings = { checks: [], jobs: [] };

/** What was found in several places. */
export function together(found: readonly Findings[]): Findings {
  return {
    checks: found.flatMap(({ checks }) => checks),
    jobs: found.flatMap(({ jobs }) => jobs),
  };
}

/** Somebody is there who could tell, but gives no answer: that is not the same as nothing. */
export function unanswered(whose: string): Findings {
  const fix = "run doctor as root, or as the bridge's user";
  return { jobs: [], checks: [warning('schedule', `could not ask ${whose}`, fix)] };
}

/** The first version, which was a script; its timers and cron lines may still be there. */
export const PREDECESSOR = /\bcleanup_idle_sessions\b/;

/**
 * The command that installs a job again, with further options.
 *
 * @param job how it was installed; undefined where nothing is
 */
export function installCommand(
  job: Pick<Job, 'mode' | 'instance' | 'user'> | undefined,
  ...options: readonly string[]
): string {
  if (job === undefined) return [`${SUDO}${installer()}`, ...options].join(' ');
  const { mode, instance, user } = job;
  const before = { systemd: SUDO, user: SUDO === '' ? `sudo -u ${user} -H ` : '', cron: '' }[mode];
  const runAs = mode === 'cron' && SUDO === '' ? ['--run-as', user] : [];
  const named = instance === 'default' ? [] : ['--instance', instance];
  return [`${before}${installer()}`, `--${mode}`, ...runAs, ...named, ...options].join(' ');
}
