import { randomUUID } from 'node:crypto';
import { type Bridge, isNameable } from '../bridge/client.js';
import { forgetInBridge } from '../bridge/forget.js';
import { reportCommit } from '../commit/commit.js';
import { removeFromFile } from '../commit/remove-mappings.js';
import { restoreToFile } from '../commit/restore-mappings.js';
import { CleanupError } from '../errors.js';
import { RemovalJournal } from '../journal/removals.js';
import { counted } from '../output/counted.js';
import { warning } from '../output/finding.js';
import type { Problems } from '../output/problems.js';
import { ByChat, type ChatName, hasMapping } from '../session-map/by-chat.js';
import type { MapLocation } from '../session-map/location.js';
import { type Mapping, mappingsOf } from '../session-map/parse.js';
import { readMap } from '../session-map/read.js';
import type { Assessment } from '../sessions/assess.js';
import type { Decision } from '../sessions/decide.js';
import { undisturbed } from '../system/signals.js';
import { Recheck } from './recheck.js';

/** What became of the mappings that were to go. */
export interface Removal {
  /** Which way each went. */
  readonly gone: ByChat<'bridge' | 'file'>;
  /** The decision at the last look, of those that it let stay. */
  readonly staying: ByChat<Decision>;
  /** Why the file was replaced in the weaker way, null when it was not; undefined when nothing was. */
  readonly weaker: string | null | undefined;
}

/**
 * Removes what was decided: from the bridge's memory while a bridge runs, and from the file. What
 * goes wrong is said as an error; the mappings that it concerns stay. A signal that asks the process to
 * end takes effect when the journal has how it went.
 */
export async function removeDecided(
  assessment: Assessment,
  location: MapLocation,
  problems: Problems,
): Promise<Removal> {
  const { path } = location;
  const { bridge, decisions } = assessment;
  const { file, memory } = assessment.mapped;
  const isInMemory = hasMapping(memory);
  const run = randomUUID();
  const journal = new RemovalJournal(location, run);
  const recheck = new Recheck(assessment, problems);
  const gone: Removal['gone'] = new ByChat();
  let weaker: Removal['weaker'];
  let collisions = 0;
  // What stands in the file alone and was put back into it.
  let restored: readonly Decision[] = [];
  // The one that the bridge was asked for, and what it did is not known.
  let unsure: Mapping | undefined;

  await undisturbed(async (isAskedToEnd) => {
    const going = decisions.filter(({ keptBecause }) => keptBecause === null);
    // Before the bridge saves: what its memory does not know must be in the journal when it goes.
    await fromFile(going.filter(({ mapping }) => !isInMemory(mapping)));
    const inMemory = going.filter(({ mapping }) => isInMemory(mapping));
    if (bridge !== undefined) await fromBridge(bridge, inMemory, isAskedToEnd);
    const stayed = going.filter(({ mapping }) => !gone.has(mapping));
    await trying(() => {
      // The next run must know which of the announced removals took place.
      const kept = stayed.filter(({ mapping }) => mapping !== unsure);
      const unknown = stayed.filter(({ mapping }) => mapping === unsure);
      journal.end([...kept, ...restored].map(nameOf), unknown.map(nameOf), collisions);
    });
  });
  return { gone, staying: recheck.staying, weaker };

  /** What goes wrong in a step is said, and what it was to do is not done then. */
  async function trying(step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof CleanupError)) throw error;
      problems.error(error.message);
    }
  }

  async function fromFile(idle: readonly Decision[]): Promise<void> {
    if (idle.length === 0) return;
    await trying(async () => {
      const { removed, ...committed } = await removeFromFile(
        location,
        idle,
        journal,
        recheck,
        file,
      );
      reportCommit(path, committed, problems);
      collisions += committed.collisions;
      weaker ??= committed.weaker ?? null;
      for (const { mapping } of removed.values()) gone.set(mapping, 'file');
    });
  }

  async function fromBridge(
    from: Bridge,
    idle: readonly Decision[],
    isAskedToEnd: () => boolean,
  ): Promise<void> {
    for (const { mapping } of idle.filter((one) => !isNameable(one.mapping.chat))) {
      const name = `${mapping.provider}/${mapping.chat.slice(0, 80)}`;
      const message = "stays, idle: the bridge's address can't name this chat";
      const fix = 'to remove it, stop the bridge, run this once, and start it again';
      problems.add(warning(name, message, fix));
    }
    const going = idle.filter(({ mapping }) => isNameable(mapping.chat));
    if (going.length === 0) return;
    await trying(async () => {
      // The bridge writes its memory over the file: what it does not know must be in the journal, too.
      const inFileAlone = await knownToFileAlone();
      journal.announce([...going, ...inFileAlone], 'by-provider');
      const asked = await forgetInBridge(from, going, recheck, path, isAskedToEnd);
      for (const { message } of asked.failures) problems.error(message);
      for (const mapping of asked.forgotten.values()) gone.set(mapping, 'bridge');
      unsure = asked.unsure;
      if (inFileAlone.length > 0) await putBack(inFileAlone);
      // When its memory is not known, the file may hold what it needs.
      const isStillThere = asked.memory && hasMapping(asked.memory);
      if (isStillThere) await fromFile(going.filter(({ mapping }) => !isStillThere(mapping)));
    });
  }

  /** What the file has and the bridge has not, whatever session it has. */
  async function knownToFileAlone(): Promise<readonly Decision[]> {
    const isInFile = hasMapping((await readMap(path))?.map);
    const chats = ByChat.of(mappingsOf(memory), (mapping) => [mapping, true]);
    return decisions.filter(({ mapping }) => !chats.has(mapping) && isInFile(mapping));
  }

  /** The bridge has dropped these from the file when it saved. */
  async function putBack(inFileAlone: readonly Decision[]): Promise<void> {
    problems.warn(
      `${path}: ${counted(inFileAlone.length, 'mapping stands', 'mappings stand')} in the file alone: the bridge does not know them, and drops them when it saves the next time`,
      'restart it, so that it takes them up',
    );
    await trying(async () => {
      const mappings = inFileAlone.map(({ mapping }) => mapping);
      const committed = await restoreToFile(location, mappings, run);
      reportCommit(path, committed, problems);
      collisions += committed.collisions;
      restored = inFileAlone;
    });
  }
}

function nameOf({ mapping: { provider, chat } }: Decision): ChatName {
  return { provider, chat };
}
