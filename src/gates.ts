import { hostname, userInfo } from 'node:os';
import { type Decision, type Evidence, exceeds, familiesWithoutTranscripts } from './decide.js';
import type { Examination } from './examine.js';
import type { CleanOptions, Roots } from './options.js';
import type { Problems } from './problems.js';
import { type Family, providerOf } from './providers/index.js';

// Clocks of file servers and of this machine differ by seconds; more is a clock that was set back.
const CLOCK_SLACK_MS = 5 * 60 * 1000;

/**
 * Whether the picture as a whole is too suspicious to be acted on; it is said as an error then.
 *
 * @returns why nothing is removed, in words; undefined when all is well
 */
export function gate(
  { decisions, mapped, policy: { now } }: Examination,
  { maxRemove }: Pick<CleanOptions, 'maxRemove'>,
  problems: Problems,
): string | undefined {
  const mapTime = mapped.file?.stats.mtimeMs ?? 0;
  const removals = decisions.filter(({ removes }) => removes).length;
  if (removals === 0) return undefined;
  if (mapTime - now > CLOCK_SLACK_MS) {
    const minutes = Math.round((mapTime - now) / 60_000);
    problems.error(
      `the clock of ${hostname()} is ${minutes} minutes behind the map's own time; nothing was removed. Set the clock`,
    );
    return 'the clock is behind the map';
  }
  if (maxRemove !== undefined && exceeds(maxRemove, removals, decisions.length)) {
    const limit = `${maxRemove.most}${maxRemove.kind === 'percent' ? '%' : ''}`;
    problems.error(
      `${removals} of ${decisions.length} mappings would go, more than --max-remove ${limit} allows; nothing was removed`,
    );
    return 'more than --max-remove would go';
  }
  return undefined;
}

/** Says which CLIs' sessions have no transcripts at all: a sign of a wrong user or a wrong HOME. */
export function reportEmptyFamilies(
  decisions: readonly Decision[],
  evidence: Evidence,
  { roots, missing }: Pick<CleanOptions, 'roots' | 'missing'>,
  problems: Problems,
): void {
  for (const family of familiesWithoutTranscripts(decisions, 1)) {
    const count = decisions.filter(({ mapping }) => mapping.family === family).length;
    // One alone among other transcripts: the CLI itself deletes old ones.
    if (count === 1 && evidence.pictureOf(family).transcripts > 0) continue;
    const message = emptyFamily(family, count, roots);
    if (missing === 'remove')
      problems.error(`${message}. They were kept in spite of --missing remove`);
    else problems.warn(message);
  }
}

function emptyFamily(family: Family, count: number, roots: Roots): string {
  const { label } = providerOf(family);
  return (
    `${label}: none of its mapped sessions (${count}) has a transcript in ${roots[family]}, looked at as ${userName()}: ` +
    "probably the wrong user or the wrong HOME. 'claude-session-cleanup doctor' tells more"
  );
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.geteuid?.()}`;
  }
}
