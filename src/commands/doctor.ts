import { wrongClock } from '../clean/guards.js';
import { checkBridge, checkWithoutAddress, checkWrittenBack } from '../doctor/bridge.js';
import { checkClis } from '../doctor/clis.js';
import { checkLastRun } from '../doctor/last-run.js';
import { checkMap, failed } from '../doctor/map.js';
import { checkMappings } from '../doctor/mappings.js';
import { checkSchedule } from '../doctor/schedule.js';
import { checkSameView, checkUser } from '../doctor/user.js';
import { Journal } from '../journal/journal.js';
import type { Options } from '../options/resolve.js';
import { type Finding, ok } from '../output/finding.js';
import { terminalWidth } from '../output/streams.js';
import { doctorJson, doctorText } from '../report/doctor.js';
import { mappingsOf } from '../session-map/parse.js';
import { FoundActivity } from '../sessions/activity.js';
import { decide, type Policy, suspiciousPictures } from '../sessions/decide.js';
import { unite } from '../sessions/mapped.js';
import { ownAccount } from '../system/account.js';

/** Checks everything that cleaning depends on, and says what to do; changes nothing. */
export async function doctor(options: Options) {
  const checks = await checkAll(options);
  return {
    json: () => doctorJson(checks),
    text: () => doctorText(checks, options, terminalWidth()),
    failed: checks.some(({ level }) => level === 'problem'),
  };
}

/** Without the kernel's calls a run removes nothing. */
async function checkKernel(): Promise<Finding[]> {
  try {
    (await import('../commit/kernel.js')).loadKernel();
    return [];
  } catch (error) {
    return [failed('commit', error)];
  }
}

async function checkAll({ sessionDir, roots, ...options }: Options): Promise<Finding[]> {
  const now = Date.now();
  const { checks, location, snapshot, last } = await checkMap(sessionDir, now);
  const schedule = checkSchedule(ownAccount(), [sessionDir, location?.directory ?? ''], now);
  const [job] = schedule.jobs;
  // What the last run asked is asked by everybody.
  const bridgeUrl = options.bridgeUrl ?? (last?.bridgeUrl ? new URL(last.bridgeUrl) : undefined);
  const bridge = bridgeUrl && (await checkBridge(bridgeUrl, snapshot));
  const sections = unite(bridge?.memory, snapshot?.map);
  const mappings = mappingsOf({ sections });
  const asked = { ...options, missing: 'keep', keepRunning: false } as const;
  const policy: Policy = { ...asked, now, missingSince: () => undefined };
  const activity = new FoundActivity(mappings, roots, policy);
  const decisions = decide(mappings, activity, policy);
  const clock = wrongClock(snapshot?.stats.mtimeMs, last, now);
  const journal = location && new Journal(location.directory);
  return [
    // The launcher refuses older ones.
    ok('Node', `${process.version} (${process.execPath})`),
    checkUser(process.env['HOME']),
    ...checks,
    ...(await checkKernel()),
    ...(clock ? [clock] : []),
    // Of a map that can't be read there is nothing to count.
    ...((snapshot ?? bridge?.memory) ? checkMappings(sections) : []),
    ...checkClis(mappings, activity, suspiciousPictures(decisions)),
    bridge?.check ?? checkWithoutAddress(job, last?.onChange),
    ...(journal ? checkWrittenBack(journal, decisions, bridgeUrl, job) : []),
    ...schedule.checks,
    ...(snapshot ? checkLastRun(last, schedule.jobs, now) : []),
    ...(last ? checkSameView(last, roots) : []),
  ];
}
