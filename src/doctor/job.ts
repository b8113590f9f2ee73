import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Finding, warning } from '../output/finding.js';
import { textOf } from '../system/open.js';
import { writtenAt } from './ask.js';

/** What starts this program by itself, as far as systemd or cron tells. */
export interface Job {
  /** As the page names it. */
  readonly subject: string;
  /** How it was installed. */
  readonly mode: 'systemd' | 'user' | 'cron';
  readonly instance: string;
  /** The directory of its map; undefined where that is not to be seen. */
  readonly directory: string | undefined;
  /** Whether the bridge's unit is restarted after a run that removed mappings. */
  readonly restartsBridge: boolean;
  /** When its settings were last changed, ms since the epoch; 0 where that is not known. */
  readonly changedAt: number;
  /** When it was last to make a run, ms since the epoch; 0 when that is not known, or told already. */
  readonly dueAt: number;
  /** Shows what it did. */
  readonly logCommand: string;
}

/** What the page says of one thing that starts programs, and whether that is a job of ours. */
export interface Found {
  readonly check: Finding;
  readonly job?: Job;
}

/** What a settings file of install.sh tells; nothing where there is none. */
export function settingsIn(path: string): Pick<Job, 'directory' | 'restartsBridge' | 'changedAt'> {
  const text = textOf(path);
  return {
    directory: /^CLAUDE_SESSION_DIR="?(.+?)"?$/m.exec(text)?.[1],
    restartsBridge: /^BRIDGE_UNIT="?[^"]/m.test(text),
    changedAt: writtenAt(path) ?? 0,
  };
}

/** The script that this program took over from. */
export const PREDECESSOR = /cleanup_idle_sessions\.py/;

/** What starts by itself under this program's name, or cleans as it does, is not this program. */
export function otherProgram(subject: string, message: string, fix: string): Found {
  return { check: warning(subject, message, `to have only this program clean: ${fix}`) };
}

/** Somebody is there who could tell, but gives no answer: that is not the same as nothing. */
export function unanswered(whose: string): Found {
  const fix = "run doctor as root, or as the bridge's user";
  return { check: warning('schedule', `could not ask ${whose}`, fix) };
}

/** What a reader of the page types for root's rights. */
export const SUDO = process.geteuid?.() === 0 ? '' : 'sudo ';

/**
 * The command that installs a job again, with further options.
 *
 * @param job undefined where nothing is installed
 */
export function installCommand(
  job: Pick<Job, 'mode' | 'instance'> | undefined,
  ...options: readonly string[]
): string {
  const program = realpathSync(process.argv[1] ?? '');
  const installer = quoted(join(dirname(dirname(program)), 'scripts/install.sh'));
  if (job === undefined) return `${SUDO}${installer}`;
  const named = job.instance === 'default' ? [] : ['--instance', job.instance];
  const command = [installer, `--${job.mode}`, ...named, ...options].join(' ');
  return job.mode === 'systemd' ? `${SUDO}${command}` : command;
}

/** The command that shows this page of a map as a user sees it, or as the one who types it. */
export function doctorCommand(user: string | undefined, sessionDir: string): string {
  const program = `${quoted(process.execPath)} ${quoted(process.argv[1] ?? '')}`;
  const command = `${program} doctor --session-dir ${quoted(sessionDir)}`;
  return user === undefined ? command : `sudo -u ${quoted(user)} -H ${command}`;
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
