import { readlinkSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';

const MAX_LINKS = 16;

/**
 * Where a path leads when it is a chain of links.
 *
 * @param look gives the stats of what stands at a path, undefined for nothing; it throws for a link that may
 *   not be followed
 * @throws Error for a chain without an end
 */
export function followLinks(
  start: string,
  look: (path: string) => Stats | undefined,
): { readonly path: string; readonly stats: Stats | undefined; readonly followed: boolean } {
  let path = start;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const stats = look(path);
    if (!stats?.isSymbolicLink()) return { path, stats, followed: links > 0 };
    path = resolve(dirname(path), readlinkSync(path));
  }
  throw new Error('too many symbolic links');
}
