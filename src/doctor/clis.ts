import { type Finding, ok, problem, warning } from '../output/finding.js';
import { PROVIDERS, type Provider } from '../providers/index.js';
import type { Mapping } from '../session-map/parse.js';
import type { FoundActivity } from '../sessions/activity.js';
import type { Picture } from '../sessions/decide.js';
import { sessionsOf } from '../sessions/mapped.js';

/** Looks at each CLI's directory, and how many of its mapped sessions have a transcript there. */
export function checkClis(
  mappings: readonly Mapping[],
  activity: FoundActivity,
  pictures: readonly Picture[],
): Finding[] {
  return PROVIDERS.map((provider) => {
    const sessions = [...sessionsOf(mappings, provider.family)];
    const picture = pictures.find(({ family }) => family === provider.family);
    return checkCli(provider, sessions, activity, picture);
  });
}

function checkCli(
  { family, label, rootVariable }: Provider,
  sessions: readonly string[],
  activity: FoundActivity,
  picture: Picture | undefined,
): Finding {
  const root = activity.roots[family];
  if (sessions.length === 0) return ok(label, `${root}: no session of it is mapped`);
  const [obstacle] = sessions.flatMap((session) => activity.obstaclesTo({ family, session }));
  if (obstacle !== undefined) {
    const message = `${obstacle.path}: ${obstacle.message}; what depends on it stays mapped`;
    return problem(label, message, obstacle.fix);
  }
  const found = sessions.filter(
    (session) => activity.activityOf({ family, session }).lastActivity !== null,
  ).length;
  const transcripts = activity.transcriptsOf(family);
  const message = `${root}: ${transcripts} transcripts; ${found} of ${sessions.length} mapped sessions have one`;
  if (found === sessions.length) return ok(label, message);
  const fix = `is this the CLI's user and home? --${family}-dir or ${rootVariable} name another directory`;
  if (found === 0) return problem(label, message, fix);
  if (picture?.kind === 'newest') {
    const stale = `${message}, and the ${picture.count} newest have none: it may write elsewhere by now, and this be an old copy`;
    return family === 'gemini' ? warning(label, stale, fix) : problem(label, stale, fix);
  }
  const gone = 'the CLI may have deleted old ones; --missing remove drops their mappings';
  return warning(label, message, gone);
}
