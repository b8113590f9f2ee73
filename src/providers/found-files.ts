import { dirname } from 'node:path';
import { type Look, lookAt } from './look.js';
import { nameless, type Obstacle, obstacleAt } from './obstacle.js';
import type { Transcript } from './provider.js';

/** A file of a session. */
export interface SessionFile {
  readonly path: string;
  /** Its modification time, ms since the epoch. */
  readonly mtimeMs: number;
  readonly part: 'transcript' | 'extra';
}

/** What a sweep found of one session. */
export interface SessionFiles {
  readonly files: readonly SessionFile[];
  /** Why the session's activity can't be told for sure, if so. */
  readonly obstacles: readonly Obstacle[];
}

/** A transcript that names sessions inside. */
export interface Unopened extends Transcript {
  readonly path: string;
}

type Found = { files: SessionFile[]; obstacles: Obstacle[] };

/** The files found so far of the sessions looked for. Ids are in small letters here. */
export class FoundFiles {
  readonly #wanted: ReadonlySet<string>;
  readonly #sessions = new Map<string, Found>();

  constructor(wanted: ReadonlySet<string>) {
    this.#wanted = wanted;
  }

  get sessions(): ReadonlyMap<string, SessionFiles> {
    return this.#sessions;
  }

  /** Whether a session that was looked for has no transcript. */
  get hasLost(): boolean {
    return [...this.#wanted].some((session) => {
      const files = this.#sessions.get(session)?.files ?? [];
      return !files.some(({ part }) => part === 'transcript');
    });
  }

  /** Takes in a file that is this session's. */
  add(session: string, path: string, part: SessionFile['part']): void {
    const look = lookAt(path);
    if (look === undefined) return;
    this.#add(session, path, look, part);
    if (look.obstacle !== undefined) this.doubt(session, look.obstacle);
  }

  /** Takes in what makes this session's activity uncertain. */
  doubt(session: string, obstacle: Obstacle): void {
    this.#of(session).obstacles.push(obstacle);
  }

  /**
   * Takes in transcripts that say inside whose they are. To be called when all others are in.
   *
   * @param activeSince one of a sub-agent that was not written to since then, ms since the epoch, is not
   *   opened
   * @returns those that were not opened, with their modification times, ms
   */
  addByContent(
    transcripts: readonly Unopened[],
    sessionsInside: (path: string) => readonly string[],
    activeSince: number,
  ): ReadonlyMap<string, number> {
    const quiet = new Map<string, number>();
    const looks = transcripts.flatMap((transcript) => {
      const look = lookAt(transcript.path);
      if (look === undefined) return [];
      const isYoung = look.mtimeMs >= activeSince;
      if (isYoung || transcript.names === 'begun') return { ...transcript, ...look };
      quiet.set(transcript.path, look.mtimeMs);
      return [];
    });
    // The empty ones last: one that is all that there may be of a session shows nothing.
    for (const transcript of looks.sort((one, other) => other.size - one.size)) {
      const { named, obstacle } = open(transcript, sessionsInside);
      const part = transcript.names === 'begun' ? 'transcript' : 'extra';
      for (const session of named) {
        if (this.#wanted.has(session)) this.#add(session, transcript.path, transcript, part);
      }
      if (obstacle === undefined) continue;
      const isEmpty = transcript.size === 0 && transcript.obstacle === undefined;
      for (const session of this.#possibleOwners(transcript)) {
        if (!isEmpty || !this.#sessions.has(session)) this.doubt(session, obstacle);
        // Perhaps it is being written at this moment.
        this.#add(session, transcript.path, transcript, 'extra');
      }
    }
    return quiet;
  }

  /** The sessions whose a transcript may be that does not say it. */
  #possibleOwners({ path, names, session: name }: Unopened): string[] {
    if (names === 'begun') {
      return [...this.#wanted].filter((session) => session.startsWith(name.toLowerCase()));
    }
    if (names !== 'sub-agent') return [];
    const folder = dirname(path);
    const isBeside = (file: SessionFile): boolean =>
      file.part === 'transcript' && dirname(file.path) === folder;
    return [...this.#sessions].flatMap(([id, { files }]) => (files.some(isBeside) ? id : []));
  }

  #add(session: string, path: string, { mtimeMs }: Look, part: SessionFile['part']): void {
    if (Number.isFinite(mtimeMs)) this.#of(session).files.push({ path, mtimeMs, part });
  }

  #of(session: string): Found {
    let found = this.#sessions.get(session);
    if (found === undefined) {
      found = { files: [], obstacles: [] };
      this.#sessions.set(session, found);
    }
    return found;
  }
}

/** The sessions that a transcript names inside, or what is in the way; neither of one that has gone. */
function open(
  { path, obstacle }: Unopened & Look,
  sessionsInside: (path: string) => readonly string[],
): { readonly named: readonly string[]; readonly obstacle: Obstacle | undefined } {
  if (obstacle !== undefined) return { named: [], obstacle };
  try {
    const named = sessionsInside(path).map((session) => session.toLowerCase());
    return { named, obstacle: named.length === 0 ? nameless(path) : undefined };
  } catch (error) {
    return { named: [], obstacle: obstacleAt(path, error) };
  }
}
