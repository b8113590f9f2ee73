import { readlinkSync, type Stats } from 'node:fs';
import { join, resolve } from 'node:path';
import { CleanupError } from '../errors.js';

const MAX_LINKS = 16;

/** Where a path leads. */
export interface Followed {
  /** Without any links. */
  readonly path: string;
  /** Undefined when nothing stands there. */
  readonly stats: Stats | undefined;
  /** The link that leads to nothing, if that is why. */
  readonly brokenLink: string | undefined;
}

/**
 * Where a path leads, one name after the other from the root on.
 *
 * @param look gives the stats of what stands at a path, undefined for nothing; it throws for what may not be
 *   gone through
 * @throws CleanupError for a chain of links without an end
 */
export function followLinks(start: string, look: (path: string) => Stats | undefined): Followed {
  const names = namesIn(resolve(start));
  let path = '/';
  let stats = look(path);
  let link: string | undefined;
  let links = 0;
  // How many of the names come from the target of a link.
  let targetNames = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const next = join(path, name);
    stats = look(next);
    if (stats === undefined) {
      const brokenLink = targetNames > 0 ? link : undefined;
      return { path: join(next, ...names), stats, brokenLink };
    }
    targetNames = Math.max(0, targetNames - 1);
    if (!stats.isSymbolicLink()) {
      path = next;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw new CleanupError(`${start}: too many symbolic links`);
    const target = readlinkSync(next);
    if (target.startsWith('/')) path = '/';
    const added = namesIn(target);
    names.unshift(...added);
    targetNames += added.length;
    link = next;
  }
  return { path, stats, brokenLink: undefined };
}

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}
