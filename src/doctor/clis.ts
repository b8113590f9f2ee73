import { existsSync } from 'node:fs';
import { type Finding, ok, problem, warning } from '../output/finding.js';
import { PROVIDERS, type Provider, type Roots } from '../providers/index.js';
import { inWords } from '../providers/obstacle.js';
import { sweep } from '../providers/sweep.js';
import type { Mapping } from '../session-map/parse.js';
import type { FoundActivity } from '../sessions/activity.js';
import { sessionsOf } from '../sessions/mapped.js';

/** Looks at each CLI's directory, and how many of its mapped sessions have a transcript there. */
export function checkClis(
  mappings: readonly Mapping[],
  activity: FoundActivity,
  roots: Roots,
): Finding[] {
  return PROVIDERS.map((provider) =>
    checkCli(provider, mappings, activity, roots[provider.family]),
  );
}

function checkCli(
  provider: Provider,
  mappings: readonly Mapping[],
  activity: FoundActivity,
  root: string,
): Finding {
  const { family, label, rootVariable } = provider;
  const sessions = [...sessionsOf(mappings, family)];
  const fix = `is this the CLI's user and home? --${family}-dir or ${rootVariable} name another directory`;
  if (!existsSync(root)) {
    return sessions.length === 0
      ? ok(label, `${root} is not there, and no session of it is mapped`)
      : problem(label, `${root} is not there, but ${sessions.length} sessions are mapped`, fix);
  }
  const { transcripts, obstacles } = sweep(provider, root, new Set());
  const [obstacle] = [
    ...obstacles,
    ...sessions.flatMap((session) => activity.obstaclesTo(family, session)),
  ];
  if (obstacle !== undefined) {
    return problem(
      label,
      `${obstacle.path}: ${inWords(obstacle)}; what depends on it stays mapped`,
      obstacle.fix,
    );
  }
  const found = sessions.filter(
    (session) => activity.activityOf(family, session).lastActivity !== null,
  ).length;
  const message = `${root}: ${transcripts} transcripts; ${found} of ${sessions.length} mapped sessions have one`;
  if (sessions.length > 0 && found === 0) return problem(label, message, fix);
  if (found < sessions.length) {
    return warning(
      label,
      message,
      'the CLI may have deleted old ones; --missing remove drops their mappings',
    );
  }
  return ok(label, message);
}
