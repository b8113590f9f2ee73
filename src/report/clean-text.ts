import { type Colors, colorsFor } from '../output/colors.js';
import { localTime } from '../output/local-time.js';
import { printable, shortId } from '../output/printable.js';
import type { Family } from '../providers/index.js';
import { type CleanReport, type ReportSection, type Row, summarize } from './clean-report.js';
import { hoursIdle } from './idle-hours.js';
import { transcriptLines } from './transcript-lines.js';

/** How a report looks. */
export interface TextStyle {
  /** Whole ids, paths and resume commands. */
  readonly verbose: boolean;
  /** True or false when it was asked for; undefined leaves it to the terminal. */
  readonly color: boolean | undefined;
}

const RULE = '='.repeat(80);

/** A clean run as people read it; the form is part of the contract. Times are local. */
export async function cleanText(report: CleanReport, style: TextStyle): Promise<string> {
  const colors = await colorsFor(style.color);
  const head = [
    RULE,
    colors.bold('Claude CLI Session Cleanup - Starting'),
    `Threshold: ${report.thresholdHours} hours`,
    `Dry run: ${report.dryRun ? 'True' : 'False'}`,
    ...(style.verbose ? [`Session map: ${printable(report.map)}`] : []),
    RULE,
    `Sessions idle since before ${localTime(report.cutoff)} will be cleaned`,
    '',
  ];
  const sections = report.sections.flatMap((section) =>
    sectionLines(section, report, style, colors),
  );
  const lines = [...head, ...sections];
  if (lines.at(-1) !== '') lines.push('');
  return `${[...lines, ...summaryLines(report, colors)].join('\n')}\n`;
}

function sectionLines(
  { provider, rows }: ReportSection,
  report: CleanReport,
  style: TextStyle,
  colors: Colors,
): string[] {
  const header = colors.bold(`Processing ${printable(provider)} sessions (${rows.length} chats)`);
  if (rows.length === 0) return [header];
  return [header, ...rows.flatMap((row) => rowLines(row, report, style, colors)), ''];
}

function rowLines(row: Row, report: CleanReport, style: TextStyle, colors: Colors): string[] {
  const { mapping } = row.decision;
  const name = `${printable(mapping.provider)}/${id(mapping.chat, style)}`;
  return [
    `  ${headline(row, name, report, style, colors)}`,
    ...actionLines(row, report, colors),
    ...(style.verbose ? detailLines(row) : []).map((line) => colors.dim(`     ${line}`)),
  ];
}

function headline(
  { decision }: Row,
  name: string,
  { now }: CleanReport,
  style: TextStyle,
  colors: Colors,
): string {
  const { state, lastActivity, mapping } = decision;
  const session = `Session ${mapping.session === null ? '?' : id(mapping.session, style)}`;
  const since = lastActivity === null ? '?' : `${hoursIdle(lastActivity, now)}h`;
  const last = lastActivity === null ? 'unknown' : localTime(lastActivity);
  switch (state) {
    case 'active':
      return `✅ ${name}: ${session} ${colors.green('active')} (idle ${since}, last: ${last})`;
    case 'idle':
      return `🧹 ${name}: ${session} ${colors.yellow('idle')} for ${since} (last: ${last})`;
    case 'missing':
      return `⚠️  ${name}: ${session} file not found${decision.removes ? '' : ' (kept)'}`;
    case 'unreadable':
      return `⚠️  ${name}: ${session} ${colors.red('could not be looked at')} (kept)`;
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
  { action, via, note, decision }: Row,
  report: CleanReport,
  colors: Colors,
): string[] {
  if (action === 'would-remove') {
    return [colors.cyan('     [DRY RUN] Would remove this mapping')];
  }
  if (action === 'removed') {
    const way = report.withBridge ? ` via the ${via}` : '';
    const back =
      decision.transcript === null ? "'restore' puts it back" : 'can be restored with --resume';
    return [`     ✂️  Removed mapping${way} (${back})`];
  }
  return note === null ? [] : [`     Kept: ${note}`];
}

function detailLines({ decision: { mapping, running, transcript } }: Row): string[] {
  const lines = running ? ['Its process runs right now'] : [];
  return transcript === null ? lines : [...lines, ...transcriptLines(mapping, transcript)];
}

function summaryLines(report: CleanReport, colors: Colors): string[] {
  const summary = summarize(report);
  const lines = [
    RULE,
    colors.bold('Cleanup Summary:'),
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
