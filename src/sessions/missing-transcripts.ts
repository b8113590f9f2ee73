import type { CleanOptions } from '../options/resolve.js';
import type { Problems } from '../output/problems.js';
import { type Family, providerOf, type Roots } from '../providers/index.js';
import { ownAccount } from '../system/account.js';
import { type Decision, type Evidence, familiesWithoutTranscripts } from './decide.js';
import { sessionsOf } from './mapped.js';

/** Says which CLIs' sessions have no transcripts at all: a sign of a wrong user or a wrong HOME. */
export function reportMissingTranscripts(
  decisions: readonly Decision[],
  evidence: Evidence,
  { roots, missing }: Pick<CleanOptions, 'roots' | 'missing'>,
  problems: Problems,
): void {
  const mappings = decisions.map(({ mapping }) => mapping);
  for (const family of familiesWithoutTranscripts(decisions)) {
    const count = sessionsOf(mappings, family).size;
    const removes = missing === 'remove';
    // One alone among other transcripts is no bad sign: the CLI itself deletes old ones.
    if (count === 1 && evidence.pictureOf(family).transcripts > 0) {
      if (removes) problems.warn(oneMissing(family, roots));
      continue;
    }
    const message = noTranscripts(family, count, roots);
    const fix = "'claude-session-cleanup doctor' tells more";
    if (removes) problems.error(`${message}. They were kept in spite of --missing remove`, fix);
    else problems.warn(message, fix);
  }
}

function oneMissing(family: Family, roots: Roots): string {
  const { label } = providerOf(family);
  return (
    `${label}: the only session that is mapped has no transcript in ${roots[family]}; its mapping was kept: ` +
    "--missing remove doesn't act where none of a CLI's mapped sessions has one, since a wrong HOME looks the same"
  );
}

function noTranscripts(family: Family, count: number, roots: Roots): string {
  const { label } = providerOf(family);
  const user = ownAccount()?.name ?? `user ${process.geteuid?.()}`;
  return (
    `${label}: none of its mapped sessions (${count}) has a transcript in ${roots[family]}, looked at as ${user}: ` +
    'probably the wrong user or the wrong HOME'
  );
}
