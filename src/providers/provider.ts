import type { Family } from '../session-map/family.js';

export type { Family };

/** How a file says whose it is. */
export type Claim =
  /** Its name has the whole session id. */
  | { readonly by: 'name'; readonly session: string; readonly part: 'transcript' | 'extra' }
  /** Its name has the id's beginning: the `sessionId` inside decides. */
  | { readonly by: 'content'; readonly prefix: string; readonly part: 'transcript' }
  /**
   * Its session has a transcript in the same folder: the `sessionId` inside tells which. Where its own
   * name is mapped, it is that one's transcript as well.
   */
  | { readonly by: 'folder'; readonly session: string; readonly part: 'extra' };

/** How many characters of an id a file name has when it has not the whole one. */
export const PREFIX_LENGTH = 8;

/** The session ids that a sweep looks for. Letters in either case are the same. */
export interface Wanted {
  has(session: string): boolean;
  hasPrefix(prefix: string): boolean;
  /** When the oldest of the sessions began, in ms since the epoch; undefined when an id does not say. */
  readonly oldestStart: number | undefined;
}

/** What to do with an entry met in a directory. */
export type EntryKind =
  /** Can't belong to a mapped session: not looked at, not entered. */
  | 'skip'
  /** A directory of transcripts that are all older than the mapped sessions: not entered. */
  | 'too-old'
  /** A transcript of a session that no chat maps: counted, not looked at. */
  | 'other-transcript'
  /** Worth a closer look: a directory to enter, or a file of a mapped session. */
  | 'keep';

/**
 * One CLI: where its files lie and how their names tell the session. Adding a CLI means one file like
 * claude.ts, its family above and one word in index.ts; `--<family>-dir` comes by itself.
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
   * Judges an entry before anything else is asked about it: what lies elsewhere than this CLI's
   * transcripts is skipped.
   *
   * @param directory where it stands, as names below the root
   */
  classify(
    directory: readonly string[],
    name: string,
    isDirectory: boolean,
    wanted: Wanted,
  ): EntryKind;
  /** The session that a directory, and all that lies below it, belongs to. */
  ownerOf(directory: readonly string[]): string | undefined;
  /** How sub-agents are found that have an id and a transcript of their own, where a CLI has such. */
  readonly subAgents?: {
    /** Whether transcripts in this directory may be written to after a moment, ms since the epoch. */
    mayLieIn(directory: readonly string[], since: number): boolean;
    /** The sessions that a transcript says it works for; none when it has just gone. */
    parentsOf(transcript: string): readonly string[];
  };
  /** The one directory below this one that can matter, where that is known without reading it. */
  only?(directory: readonly string[]): string | undefined;
  /** Whose file this is, by its path below the root. */
  claim(path: readonly string[]): Claim | undefined;
  /**
   * The directory that a session works in, by its transcript; where it does not say, the CLI's own name
   * for the project, or null.
   */
  projectOf(transcript: string): string | null;
  /** The words of the command that takes up a session again; none where its CLI refuses to. */
  resumeCommand(session: string, transcript: string): readonly string[];
}
