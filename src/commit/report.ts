import type { Problems } from '../output/problems.js';
import type { Change, Committed } from './commit.js';

/** Tells what the user is to know of a commit that has published a map. */
export function reportCommit(
  path: string,
  { failure, weaker }: Pick<Committed<Change>, 'failure' | 'weaker'>,
  problems: Problems,
): void {
  if (failure !== undefined) problems.error(failure.message);
  if (weaker !== undefined) {
    problems.warn(
      `${path}: replaced in the weaker way (compared, then renamed over), since its disk ${weaker}: ` +
        'what a bridge saves in the same instant can be lost',
    );
  }
}
