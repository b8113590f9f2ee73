import { colorsFor } from '../output/colors.js';
import { counted } from '../output/counted.js';
import { localTime } from '../output/local-time.js';
import { printable } from '../output/printable.js';
import { shortNames } from '../output/short-names.js';
import { wrapped } from '../output/table.js';
import { type CleanReport, type Row, summarize } from './clean-report.js';
import { hoursIdle } from './idle-hours.js';
import { resumeCommand, transcriptLines } from './transcript-lines.js';

/** How a report looks. */
export interface TextStyle {
  /** Whole ids, paths and resume commands. */
  readonly verbose: boolean;
  /** True or false when it was asked for; undefined leaves it to the terminal. */
  readonly color: boolean | undefined;
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
  const { now, thresholdHours, dryRun } = report;
  const colors = await colorsFor(color);
  const mappings = report.rows.map(({ decision }) => decision.mapping);
  const chats = mappings.map(({ chat }) => chat);
  const sessions = mappings.flatMap(({ session }) => session ?? []);
  const chatName = verbose ? printable : shortNames(chats, (width ?? 0) - BESIDE_CHAT);
  const sessionName = verbose ? printable : shortNames(sessions);
  const rule = '='.repeat(Math.min(RULE_WIDTH, width ?? RULE_WIDTH));
  const lines = [
    rule,
    colors.bold('Claude CLI Session Cleanup - Starting'),
    `Threshold: ${counted(thresholdHours, 'hour')}`,
    `Dry run: ${dryRun ? 'True' : 'False'}`,
    ...(verbose ? [`Session map: ${printable(report.map)}`] : []),
    rule,
    `Sessions idle since before ${localTime(report.cutoff)} will be cleaned`,
    '',
  ];
  const sections = new Map(report.sections.map((provider): [string, Row[]] => [provider, []]));
  for (const row of report.rows) sections.get(row.decision.mapping.provider)?.push(row);
  for (const [provider, rows] of sections) {
    const head = `Processing ${printable(provider)} sessions (${counted(rows.length, 'chat')})`;
    lines.push(colors.bold(head));
    for (const row of rows) lines.push(`  ${headline(row)}`, ...actionLines(row));
    if (rows.length > 0) lines.push('');
  }
  if (lines.at(-1) !== '') lines.push('');
  lines.push(rule, colors.bold('Cleanup Summary:'), ...summaryLines(report), rule, '');
  const fitting =
    width === undefined ? lines : lines.flatMap((line) => wrapped(line, width, INDENT));
  return fitting.join('\n');

  function headline({ decision }: Row): string {
    const { state, lastActivity, mapping } = decision;
    const name = `${printable(mapping.provider)}/${chatName(mapping.chat)}`;
    const of = `Session ${mapping.session === null ? '?' : sessionName(mapping.session)}`;
    const since = lastActivity === null ? '?' : `${hoursIdle(lastActivity, now)}h`;
    const last = lastActivity === null ? 'unknown' : localTime(lastActivity);
    switch (state) {
      case 'active':
        return `✅ ${name}: ${of} ${colors.green('active')} (idle ${since}, last: ${last})`;
      case 'idle':
        return `🧹 ${name}: ${of} ${colors.yellow('idle')} for ${since} (last: ${last})`;
      case 'missing':
        return `⚠️  ${name}: ${of} file not found${decision.keptBecause === null ? '' : ' (kept)'}`;
      case 'unreadable':
        return `⚠️  ${name}: ${of} ${colors.red('could not be looked at')} (kept)`;
      case 'unrecognized':
        return mapping.family === undefined
          ? `❔ ${name}: ${of} belongs to no CLI that is known (kept)`
          : `❔ ${name}: ${of} is no session id that the CLI could have given (kept)`;
    }
  }

  function actionLines(row: Row): string[] {
    const { action, via, note, decision } = row;
    const lines: string[] = [];
    if (action === 'would-remove') {
      lines.push(colors.cyan(`${INDENT}[DRY RUN] Would remove this mapping`));
    } else if (action === 'removed') {
      const way = report.withBridge ? ` via the ${via}` : '';
      lines.push(`${INDENT}✂️  Removed mapping${way} (${wayBack(row)})`);
    } else if (note !== null) {
      lines.push(`${INDENT}Kept: ${note}`);
    }
    if (!verbose) return lines;
    const details = decision.running ? ['Its process runs right now'] : [];
    if (decision.transcript !== null) {
      details.push(...transcriptLines(decision.mapping, decision.transcript));
    }
    return [...lines, ...details.map((line) => colors.dim(INDENT + line))];
  }
}

/** How the session is taken up again; users know the words for Claude Code. */
function wayBack({ decision: { mapping, transcript } }: Row): string {
  const command = transcript === null ? undefined : resumeCommand(mapping, transcript);
  if (command === undefined) return "'restore' puts it back";
  return `can be restored with ${mapping.family === 'claude' ? '--resume' : command}`;
}

function summaryLines(report: CleanReport): string[] {
  const summary = summarize(report);
  const rare: [string, number][] = [
    ['Unreadable sessions (kept)', summary.unreadable],
    ['Unrecognized sessions (kept)', summary.unrecognized],
    ['Written back by the bridge', summary.writtenBack],
  ];
  return [
    `  Total sessions checked: ${summary.checked}`,
    `  Active sessions (kept): ${summary.active}`,
    `  Idle sessions (>${report.thresholdHours}h): ${summary.idle}`,
    `  Missing session files: ${summary.missing}`,
    ...rare.flatMap(([label, count]) => (count > 0 ? [`  ${label}: ${count}`] : [])),
    report.dryRun
      ? `  [DRY RUN] Would remove: ${counted(summary.wouldRemove, 'mapping')}`
      : `  Cleaned up: ${counted(summary.removed, 'mapping')}`,
    ...(summary.removed > 0 ? ['  To put them back: claude-session-cleanup restore --last'] : []),
  ];
}
