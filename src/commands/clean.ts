import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Bridge } from '../bridge/client.js';
import type { Decision } from '../decide.js';
import { EXIT, type ExitStatus } from '../errors.js';
import { type Examination, examine } from '../examine.js';
import { gate } from '../gates.js';
import { runOnChange } from '../on-change.js';
import type { CleanOptions } from '../options.js';
import { printable, printableJson } from '../printable.js';
import { Problems } from '../problems.js';
import { type Removal, removeDecided } from '../removal.js';
import { type CleanReport, type Row, sectionsOf, summarize } from '../report/clean-report.js';
import { goesToJournal } from '../report/journal-stream.js';
import { cleanJson } from '../report/json.js';
import { logText } from '../report/log-text.js';
import { MetricsRecord } from '../report/record-metrics.js';
import { printProblems } from '../report/stderr.js';
import { print } from '../report/stdout.js';
import { cleanText } from '../report/text.js';
import { pruneJournal, readJournal } from '../session-map/journal.js';
import { locateMap, type MapLocation } from '../session-map/location.js';
import { takeLock } from '../session-map/lock.js';
import { recoverLeftovers } from '../session-map/recover.js';
import { keyOf } from '../session-map/session-map.js';

const DAY_MS = 24 * 3600 * 1000;

/**
 * Removes the mappings of idle sessions, and reports.
 *
 * @throws CleanupError when the run could not come to its decision; the map is whole
 */
export async function clean(options: CleanOptions): Promise<ExitStatus> {
  const problems = new Problems();
  const metrics = new MetricsRecord(options, problems);
  let report: CleanReport | undefined;
  try {
    report = await run(options, problems);
    // First, since the report tells of metrics that can't be written.
    metrics.write(report, true);
    await print(await render(report, options));
  } catch (error) {
    metrics.write(report, false);
    throw error;
  } finally {
    printProblems(problems.all);
  }
  return problems.hasErrors ? EXIT.failed : EXIT.done;
}

async function run(options: CleanOptions, problems: Problems): Promise<CleanReport> {
  const location = locateMap(options.sessionDir, !options.dryRun, problems);
  const bridge = options.bridgeUrl && new Bridge(options.bridgeUrl);
  const look = async (): Promise<Judgement> => {
    const journal = readJournal(location.directory);
    const showsRunning = options.json || options.verbose;
    const examination = await examine(options, location, bridge, journal, showsRunning, problems);
    return { examination, hold: gate(examination, options, problems) };
  };
  if (options.dryRun || !existsSync(location.path)) {
    return reportOf(await look(), undefined, location, options, problems);
  }

  const release = await takeLock(location.directory);
  let report: CleanReport;
  try {
    const id = randomUUID();
    await recoverLeftovers(location, readJournal(location.directory), id, problems);
    const { examination, hold } = await look();
    const hasWork = examination.decisions.some(({ removes }) => removes) && hold === undefined;
    const removal = hasWork
      ? await removeDecided(examination, location, bridge, id, problems)
      : undefined;
    report = reportOf({ examination, hold }, removal, location, options, problems);
    pruneJournal(location.directory, options.journalDays * DAY_MS, Date.now(), id, problems);
  } finally {
    release();
  }
  await announceChange(report, location, options, problems);
  return report;
}

/** What was found, and why nothing of it may be acted on, if so. */
interface Judgement {
  readonly examination: Examination;
  readonly hold: string | undefined;
}

async function announceChange(
  report: CleanReport,
  location: MapLocation,
  { onChange }: CleanOptions,
  problems: Problems,
): Promise<void> {
  const { removed } = summarize(report);
  if (onChange === undefined || removed === 0) return;
  const failure = await runOnChange(onChange, removed, location.path);
  if (failure !== undefined) {
    problems.error(`the --on-change command failed: ${failure}; the map stays cleaned`);
  }
}

/**
 * @param removal undefined when nothing was to be removed, or in a dry run
 */
function reportOf(
  { examination, hold }: Judgement,
  removal: Removal | undefined,
  location: MapLocation,
  options: CleanOptions,
  problems: Problems,
): CleanReport {
  const { decisions, policy, mapped, writtenBack } = examination;
  const isRemoved = ({ mapping }: Decision): boolean =>
    removal?.removed.has(keyOf(mapping)) ?? false;
  const rows = decisions.map((decision) => rowOf(decision, removal, hold, options.dryRun));
  return {
    command: 'clean',
    dryRun: options.dryRun,
    thresholdHours: options.thresholdHours,
    now: policy.now,
    cutoff: policy.now - policy.thresholdMs,
    map: location.named,
    hasMap: mapped.file !== undefined,
    mapped: rows.length,
    sections: sectionsOf(mapped, rows),
    writtenBack: writtenBack.length,
    removedAgain: writtenBack.filter(isRemoved).length,
    withBridge: mapped.memory !== undefined,
    problems: problems.all,
  };
}

function rowOf(
  decision: Decision,
  removal: Removal | undefined,
  hold: string | undefined,
  dryRun: boolean,
): Row {
  const key = keyOf(decision.mapping);
  const kept = { action: 'kept', via: null } as const;
  if (!decision.removes) return { decision, ...kept, note: noteOn(decision) };
  if (hold !== undefined) return { decision: stayed(decision), ...kept, note: hold };
  if (dryRun) return { decision, action: 'would-remove', via: null, note: null };
  const via = removal?.removed.get(key);
  if (via !== undefined) return { decision, action: 'removed', via, note: null };
  const revived = removal?.revived.get(key);
  if (revived !== undefined) {
    const note = revived.state === 'active' ? 'it became active during the run' : noteOn(revived);
    return { decision: revived, ...kept, note };
  }
  return {
    decision: stayed(decision),
    ...kept,
    note: 'it could not be removed, or changed during the run',
  };
}

function stayed(decision: Decision): Decision {
  return { ...decision, removes: false };
}

function noteOn({ state, running }: Decision): string | null {
  // What else is idle goes.
  if (state !== 'idle') return null;
  return running ? 'its process runs right now' : 'its process may run right now';
}

async function render(report: CleanReport, options: CleanOptions): Promise<string> {
  if (options.json) return printableJson(cleanJson(report));
  if (options.quiet) return '';
  if (!report.hasMap) return `No session map at ${printable(report.map)} yet: nothing to clean\n`;
  const isLog = !report.dryRun && !options.verbose && goesToJournal(1);
  return isLog ? logText(report) : cleanText(report, options);
}
