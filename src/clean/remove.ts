import { type Bridge, isNameable } from '../bridge/client.js';
import { forgetInBridge } from '../bridge/forget.js';
import { removeFromFile } from '../commit/remove-mappings.js';
import { reportCommit } from '../commit/report.js';
import { restoreToFile } from '../commit/restore-mappings.js';
import { CleanupError } from '../errors.js';
import { RemovalJournal } from '../journal/removals.js';
import { counted } from '../output/counted.js';
import { warning } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import { ByChat, type ChatName } from '../session-map/by-chat.js';
import type { MapLocation } from '../session-map/location.js';
import { mappingsOf, type SessionMap } from '../session-map/parse.js';
import { readMap } from '../session-map/read.js';
import type { Assessment } from '../sessions/assess.js';
import type { Decision } from '../sessions/decide.js';
import { hasMapping } from '../sessions/mapped.js';
import { undisturbed } from '../system/signals.js';
import { Recheck } from './recheck.js';

/** Mappings that went, and which way. */
interface Gone {
  readonly via: 'bridge' | 'file';
  readonly chats: ByChat<unknown>;
}

/** What became of the mappings that were to go. */
export interface Removal {
  readonly gone: readonly Gone[];
  /** The decision at the last look, of those that it let stay. */
  readonly staying: ByChat<Decision>;
  /** Why the file was replaced in the weaker way, null when it was not; undefined when nothing was. */
  readonly weaker: string | null | undefined;
}

/** Which way a mapping went; undefined for one that is still there. */
export function wayOf(gone: readonly Gone[], name: ChatName): Gone['via'] | undefined {
  return gone.find(({ chats }) => chats.has(name))?.via;
}

/**
 * Removes what was decided: from the bridge's memory while a bridge runs, and from the file. What
 * goes wrong is said as an error; the mappings that it concerns stay. A signal that asks the process to
 * end takes effect when the journal has how it went.
 *
 * @param run the id of this run, for the journal
 */
export async function removeDecided(
  assessment: Assessment,
  location: MapLocation,
  bridge: Bridge | undefined,
  run: string,
  problems: Problems,
): Promise<Removal> {
  const journal = new RemovalJournal(location, run);
  const recheck = new Recheck(assessment, problems);
  return await undisturbed(async (isAskedToEnd) => {
    const work = new RemovalWork(location, journal, recheck, problems);
    const candidates = assessment.decisions.filter(({ removes }) => removes);
    const isInMemory = hasMapping(assessment.mapped.memory);
    const inMemory = candidates.filter(({ mapping }) => isInMemory(mapping));
    // Before the bridge saves: what its memory does not know must be in the journal when it goes.
    const first = await work.fromFile(candidates.filter(({ mapping }) => !isInMemory(mapping)));
    const second =
      bridge === undefined
        ? NOTHING
        : await work.fromBridge(bridge, inMemory, assessment, isAskedToEnd);
    const gone = [...second.gone, ...first.gone];
    const stayed = candidates.filter(({ mapping }) => wayOf(gone, mapping) === undefined);
    const isUnsure = ({ mapping }: Decision): boolean => second.unsure.has(mapping);
    await work.trying(async () => {
      // The next run must know which of the announced removals took place.
      const kept = [...stayed.filter((one) => !isUnsure(one)), ...second.keptInFile];
      const unsure = stayed.filter(isUnsure);
      const collisions = first.collisions + second.collisions;
      journal.end(kept.map(chatName), unsure.map(chatName), collisions);
      return NOTHING;
    });
    return { gone, staying: recheck.staying, weaker: first.weaker ?? second.weaker };
  });
}

/** What one step came to. */
interface Outcome {
  readonly gone: readonly Gone[];
  /** Those that a bridge was asked for, and what it did is not known. */
  readonly unsure: ByChat<true>;
  /** What stands in the file alone and was put back into it. */
  readonly keptInFile: readonly Decision[];
  readonly collisions: number;
  readonly weaker?: Removal['weaker'];
}

const NOTHING: Outcome = { gone: [], unsure: new ByChat(), keptInFile: [], collisions: 0 };

class RemovalWork {
  readonly #location: MapLocation;
  readonly #journal: RemovalJournal;
  readonly #recheck: Recheck;
  readonly #problems: Problems;

  constructor(
    location: MapLocation,
    journal: RemovalJournal,
    recheck: Recheck,
    problems: Problems,
  ) {
    this.#location = location;
    this.#journal = journal;
    this.#recheck = recheck;
    this.#problems = problems;
  }

  /** What goes wrong in a step is said, and it has done nothing then. */
  async trying(step: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof CleanupError)) throw error;
      this.#problems.error(error.message);
      return NOTHING;
    }
  }

  async fromFile(going: readonly Decision[]): Promise<Outcome> {
    if (going.length === 0) return NOTHING;
    return await this.trying(async () => {
      const { removed, ...committed } = await removeFromFile(
        this.#location,
        going,
        this.#journal,
        this.#recheck,
      );
      reportCommit(this.#location.path, committed, this.#problems);
      const { collisions, weaker = null } = committed;
      return { ...NOTHING, collisions, weaker, gone: [{ via: 'file', chats: removed }] };
    });
  }

  async fromBridge(
    bridge: Bridge,
    idle: readonly Decision[],
    { mapped: { memory }, decisions }: Assessment,
    isAskedToEnd: () => boolean,
  ): Promise<Outcome> {
    const going = idle.filter(({ mapping }) => isNameable(mapping.chat));
    this.#sayUnnameable(idle.filter(({ mapping }) => !isNameable(mapping.chat)));
    if (going.length === 0) return NOTHING;
    return await this.trying(async () => {
      const { path } = this.#location;
      // The bridge writes its memory over the file: what it does not know must be in the journal, too.
      const isInFile = hasMapping((await readMap(path))?.map);
      const unknown = unknownTo(memory, decisions).filter(({ mapping }) => isInFile(mapping));
      this.#journal.announce([...going, ...unknown], 'by-provider');
      const asked = await forgetInBridge(bridge, going, this.#recheck, path, isAskedToEnd);
      for (const { message } of asked.failures) this.#problems.error(message);
      const putBack = await this.#putBack(unknown);
      // When its memory is not known, the file may hold what it needs.
      const isStillThere = asked.memory && hasMapping(asked.memory);
      const left = isStillThere ? going.filter(({ mapping }) => !isStillThere(mapping)) : [];
      const inFile = await this.fromFile(left);
      return {
        gone: [{ via: 'bridge', chats: asked.forgotten }, ...inFile.gone],
        unsure: asked.unsure,
        keptInFile: putBack.keptInFile,
        collisions: putBack.collisions + inFile.collisions,
        weaker: inFile.weaker,
      };
    });
  }

  #sayUnnameable(decisions: readonly Decision[]): void {
    for (const { mapping } of decisions) {
      const { provider, chat } = mapping;
      const message = "stays, idle: the bridge's address can't name this chat";
      const fix = 'to remove it, stop the bridge, run this once, and start it again';
      this.#problems.add(warning(`${provider}/${chat.slice(0, 80)}`, message, fix));
    }
  }

  /** What the bridge does not know, it has dropped from the file when it saved. */
  async #putBack(unknown: readonly Decision[]): Promise<Outcome> {
    if (unknown.length === 0) return NOTHING;
    this.#problems.warn(
      `${this.#location.path}: ${counted(unknown.length, 'mapping stands', 'mappings stand')} in the file alone: the bridge does not know them, and drops them when it saves the next time`,
      'restart it, so that it takes them up',
    );
    return await this.trying(async () => {
      const mappings = unknown.map(({ mapping }) => mapping);
      const committed = await restoreToFile(this.#location, mappings, this.#journal.run);
      reportCommit(this.#location.path, committed, this.#problems);
      return { ...NOTHING, keptInFile: unknown, collisions: committed.collisions };
    });
  }
}

/** What stands in the file alone while a bridge runs, whatever session it has. */
function unknownTo(memory: SessionMap | undefined, decisions: readonly Decision[]): Decision[] {
  const mappings = memory === undefined ? [] : mappingsOf(memory);
  const known = ByChat.of(mappings.map((mapping) => [mapping, true]));
  return decisions.filter(({ mapping }) => !known.has(mapping));
}

function chatName({ mapping: { provider, chat } }: Decision): ChatName {
  return { provider, chat };
}
