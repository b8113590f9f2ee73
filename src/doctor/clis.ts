import { existsSync } from 'node:fs';
import type { Evidence } from '../decide.js';
import type { Roots } from '../options.js';
import { type Family, PROVIDERS, type Provider } from '../providers/index.js';
import { isPossibleSessionId } from '../providers/session-id.js';
import { sweep } from '../providers/sweep.js';
import type { Mapping } from '../session-map/session-map.js';
import { type Check, ok, problem, warning } from './check.js';

/** Looks at each CLI's directory, and how many of its mapped sessions have a transcript there. */
export function checkClis(mappings: readonly Mapping[], evidence: Evidence, roots: Roots): Check[] {
  return PROVIDERS.map((provider) =>
    checkCli(provider, mappings, evidence, roots[provider.family]),
  );
}

function checkCli(
  provider: Provider,
  mappings: readonly Mapping[],
  evidence: Evidence,
  root: string,
): Check {
  const { family, label, rootVariable } = provider;
  const sessions = sessionsOf(mappings, family);
  const cure = `is this the CLI's user and home? --${family}-dir or ${rootVariable} name another directory`;
  if (!existsSync(root)) {
    return sessions.length === 0
      ? ok(label, `${root} is not there, and no session of it is mapped`)
      : problem(label, `${root} is not there, but ${sessions.length} sessions are mapped`, cure);
  }
  const { transcripts, obstacles } = sweep(provider, root, new Set());
  const [obstacle] = obstacles;
  if (obstacle !== undefined) {
    return problem(label, `${obstacle.path} can't be read: ${obstacle.reason}`, obstacle.cure);
  }
  const found = sessions.filter(
    (session) => evidence.activityOf(family, session).lastActivity !== null,
  ).length;
  const message = `${root}: ${transcripts} transcripts; ${found} of ${sessions.length} mapped sessions have one`;
  if (sessions.length > 0 && found === 0) return problem(label, message, cure);
  if (found < sessions.length) {
    return warning(
      label,
      message,
      'the CLI may have deleted old ones; --missing remove drops their mappings',
    );
  }
  return ok(label, message);
}

function sessionsOf(mappings: readonly Mapping[], wanted: Family): string[] {
  return mappings.flatMap(({ family, session }) =>
    family === wanted && session !== null && isPossibleSessionId(session) ? [session] : [],
  );
}
