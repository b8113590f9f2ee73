import { Chalk, type ChalkInstance, supportsColor } from 'chalk';
import { localTime } from '../local-time.js';
import { printable, shortId } from '../printable.js';
import { type Family, resumeWords } from '../providers/index.js';
import { type CleanReport, type ReportSection, type Row, summarize } from './clean-report.js';
import { hoursIdle } from './idle-hours.js';

/** How a report looks. */
export interface TextStyle {
  /** Whole ids, paths and resume commands. */
  readonly verbose: boolean;
  /** True or false when it was asked for; undefined leaves it to the terminal. */
  readonly color: boolean | undefined;
}

const RULE = '='.repeat(80);

/** The colours for standard output. */
export function colors(color: boolean | undefined): ChalkInstance {
  const terminal = supportsColor ? supportsColor.level : 0;
  const level = color === undefined ? terminal : color ? Math.max(1, terminal) : 0;
  return new Chalk({ level: level as 0 | 1 | 2 | 3 });
}

/** A clean run as people read it; the form is part of the contract. Times are local. */
export function cleanText(report: CleanReport, style: TextStyle): string {
  const chalk = colors(style.color);
  const lines = [
    RULE,
    chalk.bold('Claude CLI Session Cleanup - Starting'),
    `Threshold: ${report.thresholdHours} hours`,
    `Dry run: ${report.dryRun ? 'True' : 'False'}`,
    ...(style.verbose ? [`Session map: ${printable(report.map)}`] : []),
    RULE,
    `Sessions idle since before ${localTime(report.cutoff)} will be cleaned`,
    '',
  ];
  for (const section of report.sections) lines.push(...sectionLines(section, report, style, chalk));
  if (lines.at(-1) !== '') lines.push('');
  return `${[...lines, ...summaryLines(report, chalk)].join('\n')}\n`;
}

function sectionLines(
  { provider, rows }: ReportSection,
  report: CleanReport,
  style: TextStyle,
  chalk: ChalkInstance,
): string[] {
  const header = chalk.bold(`Processing ${printable(provider)} sessions (${rows.length} chats)`);
  if (rows.length === 0) return [header];
  return [header, ...rows.flatMap((row) => rowLines(row, report, style, chalk)), ''];
}

function rowLines(row: Row, report: CleanReport, style: TextStyle, chalk: ChalkInstance): string[] {
  const { mapping } = row.decision;
  const name = `${printable(mapping.provider)}/${id(mapping.chat, style)}`;
  return [
    `  ${headline(row, name, report, style, chalk)}`,
    ...actionLines(row, report, chalk),
    ...(style.verbose ? detailLines(row) : []).map((line) => chalk.dim(`     ${line}`)),
  ];
}

function headline(
  { decision }: Row,
  name: string,
  { now }: CleanReport,
  style: TextStyle,
  chalk: ChalkInstance,
): string {
  const { state, lastActivity, mapping } = decision;
  const session = `Session ${mapping.session === null ? '?' : id(mapping.session, style)}`;
  const since = lastActivity === null ? '?' : `${hoursIdle(lastActivity, now)}h`;
  const last = lastActivity === null ? 'unknown' : localTime(lastActivity);
  switch (state) {
    case 'active':
      return `✅ ${name}: ${session} ${chalk.green('active')} (idle ${since}, last: ${last})`;
    case 'idle':
      return `🧹 ${name}: ${session} ${chalk.yellow('idle')} for ${since} (last: ${last})`;
    case 'missing':
      return `⚠️  ${name}: ${session} file not found${decision.removes ? '' : ' (kept)'}`;
    case 'unreadable':
      return `⚠️  ${name}: ${session} ${chalk.red('could not be looked at')} (kept)`;
    case 'unrecognized':
      return `❔ ${name}: ${unrecognized(decision.mapping.family, session)} (kept)`;
  }
}

function unrecognized(family: Family | undefined, session: string): string {
  return family === undefined
    ? `${session} belongs to no CLI that is known`
    : `${session} is no session id that the CLI could have given`;
}

function actionLines(
  { action, via, note }: Row,
  report: CleanReport,
  chalk: ChalkInstance,
): string[] {
  if (action === 'would-remove') {
    return [chalk.cyan('     [DRY RUN] Would remove this mapping')];
  }
  if (action === 'removed') {
    const way = report.withBridge ? ` via the ${via}` : '';
    return [`     ✂️  Removed mapping${way} (can be restored with --resume)`];
  }
  return note === null ? [] : [`     Kept: ${note}`];
}

function detailLines({ decision: { mapping, running, transcript } }: Row): string[] {
  const lines = running ? ['Its process runs right now'] : [];
  if (transcript === null) return lines;
  return [
    ...lines,
    `Transcript: ${printable(transcript)}`,
    `Resume: ${printable(resumeWords(mapping).join(' '))}`,
  ];
}

function summaryLines(report: CleanReport, chalk: ChalkInstance): string[] {
  const summary = summarize(report);
  const lines = [
    RULE,
    chalk.bold('Cleanup Summary:'),
    `  Total sessions checked: ${summary.checked}`,
    `  Active sessions (kept): ${summary.active}`,
    `  Idle sessions (>${report.thresholdHours}h): ${summary.idle}`,
    `  Missing session files: ${summary.missing}`,
  ];
  const rare: [string, number][] = [
    ['Unreadable sessions (kept)', summary.unreadable],
    ['Unrecognized sessions (kept)', summary.unrecognized],
    ['Written back by the bridge', summary.writtenBack],
  ];
  for (const [label, count] of rare) if (count > 0) lines.push(`  ${label}: ${count}`);
  lines.push(
    report.dryRun
      ? `  [DRY RUN] Would remove: ${summary.wouldRemove} mappings`
      : `  Cleaned up: ${summary.removed} mappings`,
    RULE,
  );
  return lines;
}

function id(text: string, { verbose }: TextStyle): string {
  return verbose ? printable(text) : shortId(text);
}
