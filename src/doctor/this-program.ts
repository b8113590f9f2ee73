import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PROGRAM } from '../name.js';

// Where everybody finds programs, also under sudo.
const COMMON_PLACES = ['/usr/local/bin', '/usr/bin', '/bin'];

/** What a reader of the page types for root's rights. */
export const SUDO = process.geteuid?.() === 0 ? '' : 'sudo ';

/**
 * The command that starts this very program: its name where that finds it, its path otherwise.
 *
 * @param places the directories in which the shell of who types it looks for programs
 */
export function thisProgram(places: readonly string[] = COMMON_PLACES): string {
  const own = realPath(process.argv[1] ?? '');
  const isFound = (name: string, wanted: string | undefined): boolean =>
    places.some((place) => realPath(join(place, name)) === wanted);
  if (own !== undefined && isFound(PROGRAM, own) && isFound('node', realPath(process.execPath))) {
    return PROGRAM;
  }
  return `${quoted(process.execPath)} ${quoted(own ?? PROGRAM)}`;
}

/** The installer that came with this program. */
export function installer(): string {
  const own = realPath(process.argv[1] ?? '') ?? '';
  return quoted(join(dirname(dirname(own)), 'scripts/install.sh'));
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
