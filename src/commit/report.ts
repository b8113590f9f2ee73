import type { Problems } from '../output/problems.js';
import type { Committed } from './commit.js';

/** Tells what the user is to know of a commit that has published a map. */
export function reportCommit(
  _path: string,
  { failure }: Pick<Committed, 'failure'>,
  problems: Problems,
): void {
  if (failure !== undefined) problems.error(failure.message);
}
