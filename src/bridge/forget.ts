import { millisecondsInMinute } from 'date-fns/constants';
import type { FinalCheck } from '../commit/remove-mappings.js';
import { CleanupError } from '../errors.js';
import type { Leaving } from '../journal/removals.js';
import { ByChat, hasMapping } from '../session-map/by-chat.js';
import { removeMappings } from '../session-map/edit.js';
import type { Mapping, SessionMap } from '../session-map/parse.js';
import { readMap, readOnce } from '../session-map/read.js';
import type { Bridge } from './client.js';

/** What asking the bridge came to. */
export interface Forgotten {
  /** The mappings that the bridge has forgotten at our asking. */
  readonly forgotten: ByChat<Mapping>;
  /** The one that it was asked for last, where what it did is not known. */
  readonly unsure: Mapping | undefined;
  /** What its memory holds now; undefined when it could not be read any more. */
  readonly memory: SessionMap | undefined;
  /** Why not all could be asked for, or did not work. */
  readonly failures: readonly CleanupError[];
}

// A first run over a large map may take several; each is bounded.
const PATIENCE_MS = 5 * millisecondsInMinute;
const DELETES_PER_READING = 100;

/**
 * Asks the bridge to forget mappings, one by one.
 *
 * Only the session that was judged is forgotten. Right before each DELETE three things are looked at: the
 * session's transcript and process (`lastWord`), the bridge's memory as it was last read, and its map's
 * file. The bridge saves each change at once: as long as the file is byte for byte what our DELETEs must
 * have left, nothing else has changed in its memory. Otherwise, and every 100 DELETEs, its memory is read
 * again.
 *
 * @param candidates chats whose ids are nameable
 * @param mapPath the bridge's own map
 * @param isAskedToEnd whether the rest is to be left to the next run
 * @returns also what went wrong: nothing that the bridge does is thrown
 */
export async function forgetInBridge(
  bridge: Bridge,
  candidates: readonly Leaving[],
  lastWord: FinalCheck,
  mapPath: string,
  isAskedToEnd: () => boolean,
): Promise<Forgotten> {
  const forgotten = new ByChat<Mapping>();
  const failures: CleanupError[] = [];
  const memory = new KnownMemory(bridge, mapPath);
  const deadline = performance.now() + PATIENCE_MS;
  let unsure: Mapping | undefined;
  // Those that it says are deleted, since its memory was read.
  let deleted: Mapping[] = [];
  const readMemory = async (): Promise<void> => {
    // A sweep can take long: nothing slow may stand between reading the memory and a DELETE.
    lastWord.refresh();
    await memory.read();
    for (const mapping of deleted.filter((one) => memory.has(one))) {
      const name = `${mapping.provider}/${mapping.chat}`;
      forgotten.delete(mapping);
      failures.push(bridge.error(`it was asked to forget ${name} and still has it`));
    }
    deleted = [];
  };
  try {
    for (const candidate of candidates) {
      if (isAskedToEnd()) break;
      const { mapping } = candidate;
      if (performance.now() > deadline) {
        throw bridge.error('it is slow: the rest of the idle mappings is left to the next run');
      }
      if (deleted.length >= DELETES_PER_READING || !memory.isCurrent()) await readMemory();
      if (!memory.has(mapping) || lastWord.stays(candidate)) continue;
      unsure = mapping;
      const refusal = await bridge.forget(mapping);
      memory.expectWithout(mapping);
      if (refusal === undefined) deleted.push(mapping);
      else await readMemory();
      if (refusal === undefined || !memory.has(mapping)) forgotten.set(mapping, mapping);
      // It may still do it: nothing more is asked of it, and what it has now is not its last word.
      else if (!refusal.isAnswered) throw refusal.error;
      else failures.push(refusal.error);
      unsure = undefined;
    }
    await readMemory();
    return { forgotten, unsure, memory: memory.map, failures };
  } catch (error) {
    if (!(error instanceof CleanupError)) throw error;
    return { forgotten, unsure, memory: undefined, failures: [...failures, error] };
  }
}

/** The bridge's memory as it was last read, and the file that shows whether it still is so. */
class KnownMemory {
  map: SessionMap | undefined;
  has = hasMapping(undefined);
  #file: SessionMap | undefined;
  #isInFile = hasMapping(undefined);
  #without = new ByChat<true>();

  constructor(
    private readonly bridge: Bridge,
    private readonly mapPath: string,
  ) {}

  /** The file first: what changes between the two makes the file another one, and is seen. */
  async read(): Promise<void> {
    const file = await readMap(this.mapPath).catch(() => undefined);
    this.map = await this.bridge.memory(file?.bytes.length ?? 0);
    if (this.map === undefined) throw this.bridge.error('it stopped during the run');
    this.has = hasMapping(this.map);
    this.#file = file?.map;
    this.#isInFile = hasMapping(file?.map);
    this.#without = new ByChat();
  }

  isCurrent(): boolean {
    if (this.#file === undefined) return false;
    const text = removeMappings(this.#file, (provider, chat) =>
      this.#without.has({ provider, chat }),
    );
    try {
      return readOnce(this.mapPath)?.bytes.equals(Buffer.from(text)) ?? false;
    } catch {
      return false;
    }
  }

  /** What the file has not as the memory has it leaves no trace in the file. */
  expectWithout(mapping: Mapping): void {
    if (!this.#isInFile(mapping)) this.#file = undefined;
    this.#without.set(mapping, true);
  }
}
