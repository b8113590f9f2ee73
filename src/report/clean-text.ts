import { type Colors, colorsFor } from '../output/colors.js';
import { counted } from '../output/counted.js';
import { localTime } from '../output/local-time.js';
import { printable } from '../output/printable.js';
import { shortNames } from '../output/short-names.js';
import { wrapped } from '../output/table.js';
import { type CleanReport, type Row, rowsOf, summarize } from './clean-report.js';
import { hoursIdle } from './idle-hours.js';
import { resumeCommand, transcriptLines } from './transcript-lines.js';

/** How a report looks. */
export interface TextStyle {
  /** Whole ids, paths and resume commands. */
  readonly verbose: boolean;
  /** True or false when it was asked for; undefined leaves it to the terminal. */
  readonly color: boolean | undefined;
}

/** A report's own names and colours. */
interface Look {
  readonly report: CleanReport;
  readonly colors: Colors;
  readonly verbose: boolean;
  chat(id: string): string;
  session(id: string): string;
}

const RULE_WIDTH = 80;
/** What a row's line takes beside the chat's id. */
const BESIDE_CHAT = 84;
const INDENT = '     ';

/**
 * A clean run as people read it; the form is part of the contract. Times are local.
 *
 * @param width of the terminal in cells; undefined for none
 */
export async function cleanText(
  report: CleanReport,
  { verbose, color }: TextStyle,
  width: number | undefined,
): Promise<string> {
  const colors = await colorsFor(color);
  const mappings = rowsOf(report).map(({ decision }) => decision.mapping);
  const room = (free: number): number => (verbose ? Infinity : free);
  const look: Look = {
    report,
    colors,
    verbose,
    chat: shortNames(
      mappings.map(({ chat }) => chat),
      room((width ?? 0) - BESIDE_CHAT),
    ),
    session: shortNames(
      mappings.flatMap(({ session }) => session ?? []),
      room(0),
    ),
  };
  const rule = '='.repeat(Math.min(RULE_WIDTH, width ?? RULE_WIDTH));
  const lines = [rule, ...headLines(look), rule, ...sectionLines(look)];
  if (lines.at(-1) !== '') lines.push('');
  lines.push(rule, ...summaryLines(look), rule, '');
  return (width === undefined ? lines : lines.flatMap((line) => wrapped(line, width, INDENT))).join(
    '\n',
  );
}

function headLines({ report, colors, verbose }: Look): string[] {
  return [
    colors.bold('Claude CLI Session Cleanup - Starting'),
    `Threshold: ${counted(report.thresholdHours, 'hour')}`,
    `Dry run: ${report.dryRun ? 'True' : 'False'}`,
    ...(verbose ? [`Session map: ${printable(report.map)}`] : []),
  ];
}

function sectionLines(look: Look): string[] {
  const { report, colors } = look;
  const lines = [`Sessions idle since before ${localTime(report.cutoff)} will be cleaned`, ''];
  for (const { provider, rows } of report.sections) {
    const chats = counted(rows.length, 'chat');
    lines.push(colors.bold(`Processing ${printable(provider)} sessions (${chats})`));
    for (const row of rows) lines.push(`  ${headline(row, look)}`, ...actionLines(row, look));
    if (rows.length > 0) lines.push('');
  }
  return lines;
}

function headline({ decision }: Row, { report, colors, chat, session }: Look): string {
  const { state, lastActivity, mapping } = decision;
  const name = `${printable(mapping.provider)}/${chat(mapping.chat)}`;
  const of = `Session ${mapping.session === null ? '?' : session(mapping.session)}`;
  const since = lastActivity === null ? '?' : `${hoursIdle(lastActivity, report.now)}h`;
  const last = lastActivity === null ? 'unknown' : localTime(lastActivity);
  switch (state) {
    case 'active':
      return `✅ ${name}: ${of} ${colors.green('active')} (idle ${since}, last: ${last})`;
    case 'idle':
      return `🧹 ${name}: ${of} ${colors.yellow('idle')} for ${since} (last: ${last})`;
    case 'missing':
      return `⚠️  ${name}: ${of} file not found${decision.removes ? '' : ' (kept)'}`;
    case 'unreadable':
      return `⚠️  ${name}: ${of} ${colors.red('could not be looked at')} (kept)`;
    case 'unrecognized':
      return mapping.family === undefined
        ? `❔ ${name}: ${of} belongs to no CLI that is known (kept)`
        : `❔ ${name}: ${of} is no session id that the CLI could have given (kept)`;
  }
}

function actionLines(row: Row, { report, colors, verbose }: Look): string[] {
  const { action, via, note } = row;
  const lines: string[] = [];
  if (action === 'would-remove') {
    lines.push(colors.cyan(`${INDENT}[DRY RUN] Would remove this mapping`));
  } else if (action === 'removed') {
    const way = report.withBridge ? ` via the ${via}` : '';
    lines.push(`${INDENT}✂️  Removed mapping${way} (${wayBack(row)})`);
  } else if (note !== null) {
    lines.push(`${INDENT}Kept: ${note}`);
  }
  if (verbose) lines.push(...detailLines(row).map((line) => colors.dim(`${INDENT}${line}`)));
  return lines;
}

/** How the session is taken up again; users know the words for Claude Code. */
function wayBack({ decision: { mapping, transcript } }: Row): string {
  const command = transcript === null ? undefined : resumeCommand(mapping, transcript);
  if (command === undefined) return "'restore' puts it back";
  return `can be restored with ${mapping.family === 'claude' ? '--resume' : command}`;
}

function detailLines({ decision: { mapping, running, transcript } }: Row): string[] {
  const lines = running ? ['Its process runs right now'] : [];
  return transcript === null ? lines : [...lines, ...transcriptLines(mapping, transcript)];
}

function summaryLines({ report, colors }: Look): string[] {
  const summary = summarize(report);
  const lines = [
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
      ? `  [DRY RUN] Would remove: ${counted(summary.wouldRemove, 'mapping')}`
      : `  Cleaned up: ${counted(summary.removed, 'mapping')}`,
  );
  if (summary.removed > 0) lines.push('  To put them back: claude-session-cleanup restore --last');
  return lines;
}
