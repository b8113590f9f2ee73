import type { FinalCheck } from '../commit/remove-mappings.js';
import type { Leaving } from '../journal/removals.js';
import { ByChat, type ChatName } from '../session-map/by-chat.js';
import { removeMappings } from '../session-map/edit.js';
import { type Mapping, mappingsOf, type SessionMap } from '../session-map/parse.js';
import { readMap, readOnce } from '../session-map/read.js';
import { type Bridge, BridgeError, NoAnswerError } from './client.js';

/** What asking the bridge came to. */
export interface Forgotten {
  /** The mappings that the bridge has forgotten at our asking. */
  readonly forgotten: ByChat<true>;
  /** Those that it was asked for, and what it did is not known. */
  readonly unsure: ByChat<true>;
  /** What its memory holds now; undefined when it could not be read any more. */
  readonly memory: SessionMap | undefined;
  /** Why not all could be asked for, or did not work. */
  readonly failures: readonly BridgeError[];
}

// A first run over a large map may take several; each is bounded.
const PATIENCE_MS = 5 * 60 * 1000;
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
  const forgotten = new ByChat<true>();
  const unsure = new ByChat<true>();
  const failures: BridgeError[] = [];
  const memory = new KnownMemory(bridge, mapPath);
  const deadline = performance.now() + PATIENCE_MS;
  // Those asked for since the memory was read.
  let asked: Leaving[] = [];
  const readMemory = async (refusal?: BridgeError): Promise<void> => {
    // A sweep can take long: nothing slow may stand between reading the memory and a DELETE.
    lastWord.refresh();
    await memory.read();
    for (const { mapping } of asked) {
      if (memory.has(mapping)) {
        // It may still do it: nothing more is asked of it, and what it has now is not its last word.
        if (refusal instanceof NoAnswerError && unsure.has(mapping)) throw refusal;
        forgotten.delete(mapping);
        failures.push((unsure.has(mapping) && refusal) || stillThere(bridge, mapping));
      } else {
        forgotten.set(mapping, true);
      }
      unsure.delete(mapping);
    }
    asked = [];
  };
  try {
    await readMemory();
    for (const candidate of candidates) {
      if (isAskedToEnd()) break;
      const { mapping } = candidate;
      if (performance.now() > deadline) {
        throw new BridgeError(
          `bridge ${bridge.address}: it is slow; the rest of the idle mappings is left to the next run`,
        );
      }
      if (asked.length >= DELETES_PER_READING || !memory.isCurrent()) await readMemory();
      if (!memory.has(mapping) || lastWord.stays(candidate)) continue;
      unsure.set(mapping, true);
      asked.push(candidate);
      memory.expectWithout(mapping);
      const refusal = await forget(bridge, mapping);
      if (refusal === undefined) {
        unsure.delete(mapping);
        forgotten.set(mapping, true);
      } else {
        await readMemory(refusal);
      }
    }
    if (asked.length > 0) await readMemory();
    return { forgotten, unsure, memory: memory.map, failures };
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    return { forgotten, unsure, memory: undefined, failures: [...failures, error] };
  }
}

/** Asks for one mapping; what goes wrong may concern this one alone, such as an odd chat id. */
async function forget(
  bridge: Bridge,
  { provider, chat }: ChatName,
): Promise<BridgeError | undefined> {
  try {
    await bridge.forget(provider, chat);
    return undefined;
  } catch (error) {
    if (error instanceof BridgeError) return error;
    throw error;
  }
}

function stillThere(bridge: Bridge, { provider, chat }: ChatName): BridgeError {
  return new BridgeError(
    `bridge ${bridge.address}: it was asked to forget ${provider}/${chat} and still has it; the mapping stays`,
  );
}

/** The bridge's memory as it was last read, and the file that shows whether it still is so. */
class KnownMemory {
  readonly #bridge: Bridge;
  readonly #mapPath: string;
  map: SessionMap | undefined;
  #file: SessionMap | undefined;
  #sessions = new ByChat<string | null>();
  #sessionsInFile = new ByChat<string | null>();
  #without = new ByChat<true>();

  constructor(bridge: Bridge, mapPath: string) {
    this.#bridge = bridge;
    this.#mapPath = mapPath;
  }

  /** The file first: what changes between the two makes the file another one, and is seen. */
  async read(): Promise<void> {
    const file = await readMap(this.#mapPath).catch(() => undefined);
    this.map = await this.#bridge.memory(file?.bytes.length ?? 0);
    if (this.map === undefined) {
      throw new BridgeError(
        `bridge ${this.#bridge.address}: it stopped during the run; the mappings stay`,
      );
    }
    this.#file = file?.map;
    this.#sessions = sessionsIn(this.map);
    this.#sessionsInFile = file === undefined ? new ByChat() : sessionsIn(file.map);
    this.#without = new ByChat();
  }

  isCurrent(): boolean {
    if (this.#file === undefined) return false;
    const text = removeMappings(this.#file, (provider, chat) =>
      this.#without.has({ provider, chat }),
    );
    try {
      return readOnce(this.#mapPath)?.bytes.equals(Buffer.from(text)) ?? false;
    } catch {
      return false;
    }
  }

  has({ session, ...name }: Mapping): boolean {
    return this.#sessions.get(name) === session;
  }

  /** What the file has not as the memory has it leaves no trace in the file. */
  expectWithout({ session, ...name }: Mapping): void {
    if (this.#sessionsInFile.get(name) !== session) this.#file = undefined;
    this.#without.set(name, true);
  }
}

function sessionsIn(map: SessionMap): ByChat<string | null> {
  return ByChat.of(mappingsOf(map).map((mapping) => [mapping, mapping.session]));
}
