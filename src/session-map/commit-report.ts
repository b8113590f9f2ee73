import type { Problems } from '../problems.js';
import type { Committed } from './commit.js';

/** Tells what the user is to know of a commit that has published a map. */
export function reportCommit(
  path: string,
  { failure, otherWriter }: Pick<Committed, 'failure' | 'otherWriter'>,
  problems: Problems,
): void {
  if (failure !== undefined) problems.error(failure.message);
  reportOtherWriter(path, otherWriter, problems);
}

/** Tells what the user is to know of a program that was writing a map when it was swapped out. */
export function reportOtherWriter(
  path: string,
  otherWriter: Committed['otherWriter'],
  problems: Problems,
): void {
  if (otherWriter === 'died') {
    problems.warn(
      `${path}: a program that was writing it stopped in the middle; the map is whole, that program's last change is not in it`,
    );
  }
  if (otherWriter === 'still-writing') {
    problems.warn(
      `${path}: a program has held it open for writing since before this run; what it writes there is taken in by the next run`,
    );
  }
}
