import { wrongClock } from '../clean/guards.js';
import { checkBridge, waysToTell } from '../doctor/bridge.js';
import { checkClis } from '../doctor/clis.js';
import { checkLastRun } from '../doctor/last-run.js';
import { checkMap } from '../doctor/map.js';
import { checkMappings } from '../doctor/mappings.js';
import { checkRetention } from '../doctor/retention.js';
import { checkSchedule } from '../doctor/schedule.js';
import { checkSameView, checkUser, viewOf } from '../doctor/view.js';
import { EXIT, type ExitStatus } from '../errors.js';
import type { Options } from '../options/resolve.js';
import { type Finding, ok } from '../output/finding.js';
import { printableJson } from '../output/printable.js';
import { print, terminalWidth } from '../output/streams.js';
import { doctorJson, doctorText } from '../report/doctor.js';
import type { MapSnapshot } from '../session-map/read.js';
import { FoundActivity } from '../sessions/activity.js';
import { decide, type Policy, suspiciousPictures } from '../sessions/decide.js';
import { unite } from '../sessions/mapped.js';
import { writtenBack, writtenBackFinding } from '../sessions/written-back.js';
import { type Account, accountOf } from '../system/account.js';

/** Checks everything that cleaning depends on, and says what to do; changes nothing. */
export async function doctor(options: Options): Promise<ExitStatus> {
  const checks = await checkAll(options);
  await print(
    options.json
      ? printableJson(doctorJson(checks))
      : await doctorText(checks, options, terminalWidth()),
  );
  return checks.some(({ level }) => level === 'problem') ? EXIT.failed : EXIT.done;
}

async function checkAll(options: Options): Promise<Finding[]> {
  const now = Date.now();
  const map = await checkMap(options.sessionDir, now);
  const view = viewOf(options, process.env['HOME'] ?? '', ownerOf(map.snapshot), map.last);
  const schedule = checkSchedule(view, map.directories);
  const [job] = schedule.jobs;
  const bridge = await checkBridge(view.bridgeUrl, job, map.last?.onChange, map.snapshot);
  const sections = unite(bridge.memory, map.snapshot?.map);
  const mappings = sections.flatMap((section) => section.mappings);
  const policy: Policy = {
    now,
    thresholdMsOf: options.thresholdMsOf,
    isKept: () => false,
    missing: 'keep',
    missingSince: () => undefined,
    keepRunning: false,
  };
  const activity = new FoundActivity(mappings, view.roots, policy);
  const withWays = (found: Finding): Finding =>
    view.bridgeUrl === undefined ? { ...found, fix: waysToTell(job) } : found;
  const decisions = decide(mappings, activity, policy);
  const clock = wrongClock(map.snapshot?.stats.mtimeMs, map.last, now);
  const back = writtenBack(map.journal ?? [], decisions);
  return [
    // The launcher refuses older ones.
    ok('Node', `${process.version} (${process.execPath})`),
    checkUser(view),
    ...map.checks,
    ...(clock === undefined ? [] : [clock]),
    // Of a map that can't be read there is nothing to count.
    ...((map.snapshot ?? bridge.memory) ? checkMappings(sections) : []),
    ...checkClis(mappings, activity, view.roots, suspiciousPictures(decisions)),
    ...checkRetention(view.roots, options.thresholdHours),
    bridge.check,
    ...(back.length === 0 ? [] : [writtenBackFinding(back, view.bridgeUrl)].map(withWays)),
    ...schedule.checks,
    ...(map.snapshot === undefined ? [] : checkLastRun(map.last, schedule.jobs, now)),
    ...(map.last === undefined ? [] : checkSameView(map.last, view)),
  ];
}

/** Whose map it is, when that is another user's and root looks at it. */
function ownerOf(snapshot: MapSnapshot | undefined): Account | undefined {
  const uid = snapshot?.stats.uid ?? 0;
  return uid === 0 || process.geteuid?.() !== 0 ? undefined : accountOf(uid);
}
