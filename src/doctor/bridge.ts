import { Bridge } from '../bridge/client.js';
import { CleanupError } from '../errors.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { mappingsOf, type SessionMap } from '../session-map/parse.js';
import type { MapSnapshot } from '../session-map/read.js';
import { hasMapping } from '../sessions/mapped.js';
import type { KnownJob } from './job.js';

/** What the running bridge says; undefined when none listens or its answer makes no sense. */
export interface BridgeFindings {
  readonly checks: readonly Finding[];
  readonly memory: SessionMap | undefined;
}

/**
 * Compares the bridge's memory with the map's file.
 *
 * @param job what cleans this map by itself, if anything does
 */
export async function checkBridge(
  url: URL | undefined,
  job: KnownJob | undefined,
  file: MapSnapshot | undefined,
): Promise<BridgeFindings> {
  if (url === undefined) {
    const after = afterRemoval(job);
    if (after !== undefined) {
      return { checks: [ok('bridge', after)], memory: undefined };
    }
    const message =
      'no address given: only the file is cleaned, which a running bridge writes over';
    const fix = 'give --bridge-url, or have --on-change restart the bridge';
    return { checks: [warning('bridge', message, fix)], memory: undefined };
  }
  try {
    const memory = await new Bridge(url).memory(file?.bytes.length ?? 0);
    if (memory === undefined) {
      const message = `nothing listens at ${url.href}: what the file says counts`;
      const fix = 'right if the bridge is stopped; otherwise check --bridge-url';
      return { checks: [warning('bridge', message, fix)], memory };
    }
    return { checks: [compare(url, memory, file?.map)], memory };
  } catch (error) {
    if (!(error instanceof CleanupError)) throw error;
    const check = problem('bridge', error.message, 'cleaning removes nothing until it answers');
    return { checks: [check], memory: undefined };
  }
}

/** What a job does for a bridge that has no such interface, in words. */
function afterRemoval(job: KnownJob | undefined): string | undefined {
  const when = 'after a run that removed mappings';
  if (job?.bridgeUnit !== undefined) return `${job.bridgeUnit} is restarted ${when}`;
  return job?.options.onChange && `${when} this is run: ${job.options.onChange}`;
}

function compare(url: URL, memory: SessionMap, file: SessionMap | undefined): Finding {
  const inMemory = mappingsOf(memory);
  const inFile = file === undefined ? [] : mappingsOf(file);
  const unsaved = inMemory.filter(isNot(hasMapping(file))).length;
  const unknown = inFile.filter(isNot(hasMapping(memory))).length;
  const message = `${url.href} has ${inMemory.length} mappings`;
  if (unsaved === 0 && unknown === 0) return ok('bridge', `${message}, the same as the file`);
  return warning(
    'bridge',
    `${message}; ${unsaved} of them are not in the file, ${unknown} of the file's are not in its memory`,
    'right for a moment; when it stays so, --session-dir is not the directory of this bridge',
  );
}

function isNot<T>(condition: (value: T) => boolean): (value: T) => boolean {
  return (value) => !condition(value);
}
