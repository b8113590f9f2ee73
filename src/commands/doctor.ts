import { checkBridge } from '../doctor/bridge.js';
import { checkClis } from '../doctor/clis.js';
import { checkMap, checkSections } from '../doctor/map.js';
import { checkRetention } from '../doctor/retention.js';
import { checkSurroundings } from '../doctor/runtime.js';
import { checkSchedule } from '../doctor/schedule.js';
import { EXIT, type ExitStatus } from '../errors.js';
import type { SessionOptions } from '../options/resolve.js';
import type { Finding } from '../output/finding.js';
import { printableJson } from '../output/printable.js';
import { print, terminalWidth } from '../output/stdout.js';
import { doctorJson, doctorText } from '../report/doctor.js';
import { findActivity } from '../sessions/activity.js';
import { decide } from '../sessions/decide.js';
import { unite } from '../sessions/mapped.js';
import { writtenBack, writtenBackFinding } from '../sessions/written-back.js';

/** Checks everything that cleaning depends on, and says what to do; changes nothing. */
export async function doctor(options: SessionOptions): Promise<ExitStatus> {
  const checks = await checkAll(options);
  await print(
    options.json
      ? printableJson(doctorJson(checks))
      : await doctorText(checks, options, terminalWidth()),
  );
  return checks.some(({ level }) => level === 'problem') ? EXIT.failed : EXIT.done;
}

async function checkAll(options: SessionOptions): Promise<Finding[]> {
  const now = Date.now();
  const map = await checkMap(options.sessionDir, now);
  const schedule = checkSchedule(options, process.env['HOME']);
  const job = schedule.jobs.find((each) => each.options.sessionDir === options.sessionDir);
  // What is installed for this map is told how the bridge is reached; this page need not be told again.
  const bridgeUrl = options.bridgeUrl ?? job?.options.bridgeUrl;
  const bridge = await checkBridge(bridgeUrl, job, map.snapshot);
  const sections = unite(bridge.memory, map.snapshot?.map);
  const mappings = sections.flatMap((section) => section.mappings);
  const activity = findActivity(mappings, options.roots, false);
  const policy = {
    now,
    thresholdMs: options.thresholdMs,
    missing: 'keep',
    keepRunning: false,
  } as const;
  const back = writtenBack(map.journal, decide(mappings, activity, policy));
  return [
    ...checkSurroundings(process.env),
    ...map.checks,
    checkSections(sections),
    ...checkClis(mappings, activity, options.roots),
    ...checkRetention(options.roots, options.thresholdHours),
    ...bridge.checks,
    ...(back.length === 0 ? [] : [writtenBackFinding(back, bridgeUrl, bridge.memory)]),
    ...schedule.checks,
  ];
}
