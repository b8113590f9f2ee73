import type { FinalCheck } from '../commit/remove-mappings.js';
import type { Leaving } from '../journal/removals.js';
import { keyOf, type SessionMap } from '../session-map/parse.js';
import { type Bridge, BridgeError, NoAnswerError } from './client.js';

/** What asking the bridge came to. */
export interface Forgotten {
  /** The keys of the mappings that the bridge has forgotten at our asking. */
  readonly forgotten: ReadonlySet<string>;
  /** The keys of those that it was asked for, and what it did is not known. */
  readonly unsure: ReadonlySet<string>;
  /** What its memory holds now; undefined when it could not be read any more. */
  readonly memory: SessionMap | undefined;
  /** Why not all could be asked for, or did not work. */
  readonly failures: readonly BridgeError[];
}

// A first run over a large map may take several; each is bounded.
const PATIENCE_MS = 5 * 60 * 1000;

/**
 * Asks the bridge to forget mappings, one by one. Its memory is read again between them: only a
 * mapping that still names the session that was judged goes, and that `lastWord` does not hold back.
 *
 * @param mapBytes the size of the bridge's own map
 * @param isAskedToEnd whether the rest is to be left to the next run
 * @returns also what went wrong: nothing that the bridge does is thrown
 */
export async function forgetInBridge(
  bridge: Bridge,
  candidates: readonly Leaving[],
  lastWord: FinalCheck,
  mapBytes: number,
  isAskedToEnd: () => boolean,
): Promise<Forgotten> {
  const forgotten = new Set<string>();
  const unsure = new Set<string>();
  const failures: BridgeError[] = [];
  const deadline = performance.now() + PATIENCE_MS;
  // A sweep can take long: nothing slow may stand between reading the memory and a DELETE.
  const look = async (): Promise<SessionMap> => {
    lastWord.refresh();
    return await memoryNow(bridge, mapBytes);
  };
  try {
    let memory = await look();
    for (const candidate of candidates) {
      if (isAskedToEnd()) break;
      const { provider, chat, session } = candidate.mapping;
      if (performance.now() > deadline) {
        throw new BridgeError(
          `bridge ${bridge.address}: it is slow; the rest of the idle mappings is left to the next run`,
        );
      }
      if (sessionIn(memory, provider, chat) !== session || lastWord.stays(candidate)) continue;
      const key = keyOf(candidate.mapping);
      unsure.add(key);
      const refusal = await forget(bridge, provider, chat);
      memory = await look();
      if (sessionIn(memory, provider, chat) !== session) {
        unsure.delete(key);
        forgotten.add(key);
      } else {
        // It may still do it: nothing more is asked of it, and what it has now is not its last word.
        if (refusal instanceof NoAnswerError) throw refusal;
        unsure.delete(key);
        failures.push(refusal ?? stillThere(bridge, provider, chat));
      }
    }
    return { forgotten, unsure, memory, failures };
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    return { forgotten, unsure, memory: undefined, failures: [...failures, error] };
  }
}

/** Asks for one mapping; what goes wrong may concern this one alone, such as an odd chat id. */
async function forget(
  bridge: Bridge,
  provider: string,
  chat: string,
): Promise<BridgeError | undefined> {
  try {
    await bridge.forget(provider, chat);
    return undefined;
  } catch (error) {
    if (error instanceof BridgeError) return error;
    throw error;
  }
}

function stillThere(bridge: Bridge, provider: string, chat: string): BridgeError {
  return new BridgeError(
    `bridge ${bridge.address}: it was asked to forget ${provider}/${chat} and still has it; the mapping stays`,
  );
}

async function memoryNow(bridge: Bridge, mapBytes: number): Promise<SessionMap> {
  const memory = await bridge.memory(mapBytes);
  if (memory === undefined) {
    throw new BridgeError(`bridge ${bridge.address}: it stopped during the run; the mappings stay`);
  }
  return memory;
}

function sessionIn(map: SessionMap, provider: string, chat: string): string | null | undefined {
  return map.sections
    .find((section) => section.provider === provider)
    ?.mappings.find((mapping) => mapping.chat === chat)?.session;
}
