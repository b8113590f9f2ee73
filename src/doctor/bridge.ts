import { Bridge } from '../bridge/client.js';
import { CleanupError } from '../errors.js';
import type { Journal } from '../journal/journal.js';
import { counted } from '../output/counted.js';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { hasMapping } from '../session-map/by-chat.js';
import { mappingsOf, type SessionMap } from '../session-map/parse.js';
import type { MapSnapshot } from '../session-map/read.js';
import type { Decision } from '../sessions/decide.js';
import { writtenBack, writtenBackFinding } from '../sessions/written-back.js';
import { installCommand, type Job } from './job.js';
import { failed } from './map.js';

/**
 * Compares the bridge's memory with the map's file.
 *
 * @returns no memory when no bridge listens or its answer makes no sense
 */
export async function checkBridge(
  url: URL,
  file: MapSnapshot | undefined,
): Promise<{ check: Finding; memory?: SessionMap }> {
  try {
    const memory = await new Bridge(url).memory(file?.bytes.length ?? 0);
    if (memory !== undefined) return { check: compare(url, memory, file?.map), memory };
    const message = `nothing listens at ${url.href}: what the file says counts`;
    const fix = 'right if the bridge is stopped; otherwise check --bridge-url';
    return { check: warning('bridge', message, fix) };
  } catch (error) {
    if (!(error instanceof CleanupError)) throw error;
    return { check: problem('bridge', error.message, 'cleaning removes nothing until it answers') };
  }
}

/**
 * How a bridge whose address is not known gets to know of removals.
 *
 * @param job what cleans this map by itself, if anything does
 * @param onChange what the last run had to do after a removal
 */
export function checkWithoutAddress(
  job: Job | undefined,
  onChange: string | null | undefined,
): Finding {
  const when = 'after a run that removed mappings';
  if (job?.restartsBridge) return ok('bridge', `its unit is restarted ${when}`);
  if (onChange) return ok('bridge', `${when} this is run: ${onChange}`);
  const message = 'no address given: only the file is cleaned, which a running bridge writes over';
  return warning('bridge', message, waysToTell(job));
}

/**
 * What the journal has as removed, and a bridge has written back.
 *
 * @param job what cleans this map by itself, if anything does
 */
export function checkWrittenBack(
  journal: Journal,
  decisions: readonly Decision[],
  url: URL | undefined,
  job: Job | undefined,
): Finding[] {
  try {
    const back = writtenBack(journal, decisions);
    const finding = writtenBackFinding(back, url);
    const fix = url === undefined ? waysToTell(job) : finding.fix;
    return back.length === 0 ? [] : [{ ...finding, fix }];
  } catch (error) {
    return [failed('journal', error)];
  }
}

/** How a bridge gets to know of removals, by the way that this machine is installed. */
export function waysToTell(job: Pick<Job, 'mode' | 'instance'> | undefined): string {
  if (job === undefined) {
    return 'give its address with --bridge-url, or have --on-change restart a bridge without that interface';
  }
  // A service's sandbox lets no --on-change restart anything.
  const other = job.mode === 'cron' ? '--on-change in CLEANUP_ARGS' : '--bridge-unit NAME instead';
  const command = installCommand(job, '--bridge-url http://127.0.0.1:8000');
  return `${command}; a bridge without that interface: ${other}`;
}

function compare(url: URL, memory: SessionMap, file: SessionMap | undefined): Finding {
  const inMemory = mappingsOf(memory);
  const inFile = mappingsOf(file);
  const isInFile = hasMapping(file);
  const isInMemory = hasMapping(memory);
  const unsaved = inMemory.filter((mapping) => !isInFile(mapping)).length;
  const unknown = inFile.filter((mapping) => !isInMemory(mapping)).length;
  const message = `${url.href} has ${counted(inMemory.length, 'mapping')}`;
  if (unsaved === 0 && unknown === 0) return ok('bridge', `${message}, the same as the file`);
  return warning(
    'bridge',
    `${message}; ${unsaved} of them are not in the file, ${unknown} of the file's are not in its memory`,
    'right for a moment; when it stays so, --session-dir is not the directory of this bridge',
  );
}
