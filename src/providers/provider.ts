import type { Family } from '../session-map/family.js';

/** What the name of a transcript tells. */
export interface Transcript {
  /**
   * `whole`: the id of its session. `begun`: only the first characters of it; the transcript says inside
   * whose it is. `sub-agent`: its own id; it says inside for which session of the same directory it works.
   */
  readonly names: 'whole' | 'begun' | 'sub-agent';
  readonly session: string;
}

/** What the name of a directory, if it is one, tells: a session's own matters when that is mapped. */
export interface Directory {
  readonly names: 'directory';
  readonly session?: string;
}

/** How many characters of an id a file name has when it has not the whole one. */
export const PREFIX_LENGTH = 8;

/**
 * One CLI: where its files lie and how their names tell the session. Adding a CLI means one file like
 * claude.ts, its family in session-map/family.ts and one word in index.ts; `--<family>-dir` comes by itself.
 */
export interface Provider {
  readonly family: Family;
  /** The CLI's own name, for people. */
  readonly label: string;
  /** The CLI's own environment variable that moves its root. */
  readonly rootVariable: string;
  /** The root that this variable's value stands for. */
  rootFrom(value: string): string;
  /** The root's name in the home directory. */
  readonly rootName: string;
  /**
   * What a name stands for; undefined for what can't be of any session.
   *
   * @param directory where it stands, as names below the root
   */
  entryOf(directory: readonly string[], name: string): Transcript | Directory | undefined;
  /** The session that a directory, and all that lies below it, belongs to. */
  ownerOf(directory: readonly string[]): string | undefined;
  /**
   * Where directories tell when the sessions in them began: the end of that time, ms since the epoch.
   * Sub-agents have a transcript of their own in the directory of the day.
   */
  endOf?(directory: readonly string[]): number | undefined;
  /**
   * The sessions that a transcript names inside: its own, or those that it works for.
   *
   * @throws the system call's error when it can't be read
   */
  sessionsInside(transcript: string): readonly string[];
  /**
   * The directory that a session works in, by its transcript; where it does not say, the CLI's own name
   * for the project, or null.
   */
  projectOf(transcript: string): string | null;
  /** The words of the command that takes up a session again; none where its CLI refuses to. */
  resumeCommand(session: string, transcript: string): readonly string[];
}
