import { counted } from '../output/counted.js';
import { colorsFor, page } from '../output/page.js';
import { printable } from '../output/printable.js';
import { shortNames } from '../output/short-names.js';
import { hoursIdle, localTime } from '../output/time.js';
import type { Decision } from '../sessions/decide.js';
import { type CleanReport, type Row, summarize } from './clean-report.js';
import { resumeCommand, transcriptLines } from './details.js';

/** How a report looks. */
export interface TextStyle {
  /** Whole ids, paths and resume commands. */
  readonly verbose: boolean;
  /** True or false when it was asked for; undefined leaves it to the terminal. */
  readonly color: boolean | undefined;
  /** The terminal's, in cells; undefined for none. */
  readonly width: number | undefined;
}

const RULE_WIDTH = 80;
const INDENT = '     ';

/** A clean run as people read it; the form is part of the contract. Times are local. */
export async function cleanText(report: CleanReport, style: TextStyle): Promise<Iterable<string>> {
  const { now, dryRun } = report;
  const { verbose, color, width } = style;
  const colors = await colorsFor(color);
  const named = verbose ? () => printable : shortNames;
  const mappings = report.rows.map(({ decision }) => decision.mapping);
  const chatName = named(mappings.map(({ chat }) => chat));
  const sessionName = named(mappings.flatMap(({ session }) => session ?? []));
  const rule = '='.repeat(Math.min(RULE_WIDTH, width ?? RULE_WIDTH));
  return page(lines(), width, INDENT);

  function* lines(): Generator<string> {
    yield rule;
    yield colors.bold('Claude CLI Session Cleanup - Starting');
    yield `Threshold: ${counted(report.thresholdHours, 'hour')}`;
    yield `Dry run: ${dryRun ? 'True' : 'False'}`;
    if (verbose) yield `Session map: ${printable(report.map)}`;
    yield rule;
    yield `Sessions idle since before ${localTime(report.cutoff)} will be cleaned`;
    yield '';
    let rows: readonly Row[] = [];
    for (const provider of report.sections) {
      rows = report.rows.filter(({ decision }) => decision.mapping.provider === provider);
      const head = `Processing ${printable(provider)} sessions (${counted(rows.length, 'chat')})`;
      yield colors.bold(head);
      for (const row of rows) {
        yield `  ${headline(row)}`;
        yield* actionLines(row);
      }
      if (rows.length > 0) yield '';
    }
    if (rows.length === 0) yield '';
    yield rule;
    yield colors.bold('Cleanup Summary:');
    yield* summaryLines(report);
    yield rule;
  }

  function headline({ decision }: Row): string {
    const { state, lastActivity, mapping } = decision;
    const name = `${printable(mapping.provider)}/${chatName(mapping.chat)}`;
    const of = `Session ${sessionName(mapping.session ?? '?')}`;
    const since = `${hoursIdle(lastActivity ?? now, now)}h`;
    const last = localTime(lastActivity ?? now);
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
        return `❔ ${name}: ${of} is none that a known CLI could have given (kept)`;
    }
  }

  function actionLines({ action, via, note, decision }: Row): string[] {
    const way = report.withBridge ? ` via the ${via}` : '';
    const words = {
      'would-remove': () => colors.cyan('[DRY RUN] Would remove this mapping'),
      removed: () => `✂️  Removed mapping${way} (${wayBack(decision)})`,
      kept: () => (note === null ? [] : `Kept: ${note}`),
    };
    const details = verbose ? transcriptLines(decision).map((line) => colors.dim(line)) : [];
    return [words[action](), ...details].flat().map((line) => INDENT + line);
  }
}

/** How the session is taken up again; users know the words for Claude Code. */
function wayBack(decision: Decision): string {
  const command = resumeCommand(decision);
  if (command === null) return "'restore' puts it back";
  return `can be restored with ${decision.mapping.family === 'claude' ? '--resume' : command}`;
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
