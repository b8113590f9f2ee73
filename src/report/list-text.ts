import type { Colors } from '../output/colors.js';
import { counted } from '../output/counted.js';
import { localTime } from '../output/local-time.js';
import { printable } from '../output/printable.js';
import { GAP, tableLines, widthOf, wrapped } from '../output/table.js';
import { type CleanReport, type Row, rowsOf, summarize } from './clean-report.js';
import { type Column, LAYOUTS, type Listed, listed, PLAIN, withWholeIds } from './list-columns.js';
import { transcriptLines } from './transcript-lines.js';

/** How a list looks. */
export interface ListStyle {
  /** Below each row whole ids, paths and resume commands. */
  readonly verbose: boolean;
  readonly colors: Colors;
  /** The terminal's width; undefined for a plain list, which is the same wherever it is read. */
  readonly columns: number | undefined;
}

/** A row for every session, as wide as the terminal at most. Times are local. */
export function listText(report: CleanReport, { verbose, colors, columns }: ListStyle): string {
  const rows = rowsOf(report);
  const [heading = '', ...lines] = table(rows, listed(report), columns);
  const painted = rows.flatMap((row, at) => [
    paint(row, lines[at] ?? '', colors),
    ...(verbose ? details(row).map((line) => `    ${line}`) : []),
  ]);
  const ending = endLines(report, rows).flatMap((line) => wrapped(line, columns));
  return `${[colors.bold(heading), ...painted, '', ...ending].join('\n')}\n`;
}

function table(rows: readonly Row[], names: Listed, available: number | undefined): string[] {
  const measured = new Map<Column, Measured>();
  const measure = (column: Column): Measured => {
    const known = measured.get(column) ?? measuredColumn(column, rows, names);
    measured.set(column, known);
    return known;
  };
  const { layout, widths } = fitting(available, (column) => measure(column).width);
  const columns = layout.map((column) => measure(column).cells);
  const lines = [
    layout.map(({ heading }) => heading),
    ...rows.map((_, at) => columns.map((cells) => cells[at] ?? '')),
  ];
  return tableLines(lines, widths);
}

interface Measured {
  readonly cells: readonly string[];
  /** That of its widest cell, or of its heading. */
  readonly width: number;
}

function measuredColumn(column: Column, rows: readonly Row[], names: Listed): Measured {
  const cells = rows.map((row) => column.cell(row, names));
  const width = cells.reduce(
    (most, cell) => Math.max(most, widthOf(cell)),
    widthOf(column.heading),
  );
  return { cells, width };
}

/** The richest layout that fits, and its columns' widths. */
function fitting(
  available: number | undefined,
  widestOf: (column: Column) => number,
): { layout: readonly Column[]; widths: readonly number[] } {
  if (available === undefined) return { layout: PLAIN, widths: PLAIN.map(widestOf) };
  const limited = (column: Column): number => Math.min(widestOf(column), column.most ?? available);
  for (const layout of LAYOUTS) {
    const whole = withWholeIds(layout);
    const wholeWidths = whole.map(limited);
    if (overOf(wholeWidths, available) <= 0) return { layout: whole, widths: wholeWidths };
    const widths = squeezed(layout, layout.map(limited), available);
    if (widths !== undefined) return { layout, widths };
  }
  // Nothing fits a terminal that is narrower than any.
  const layout = LAYOUTS.at(-1) ?? PLAIN;
  return { layout, widths: layout.map((column) => column.least ?? limited(column)) };
}

/** By how much columns are too wide together. */
function overOf(widths: readonly number[], available: number): number {
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) - available;
}

/** The widths with which the columns fit, where one of them may give way. */
function squeezed(
  layout: readonly Column[],
  widths: readonly number[],
  available: number,
): readonly number[] | undefined {
  const over = overOf(widths, available);
  if (over <= 0) return widths;
  const given = widths.map((width, at) => {
    const { least } = layout[at] ?? {};
    return least !== undefined && width - over >= least ? width - over : width;
  });
  return given.some((width, at) => width !== widths[at]) ? given : undefined;
}

function paint({ decision: { state, running } }: Row, line: string, colors: Colors): string {
  if (running) return colors.cyan(line);
  switch (state) {
    case 'active':
      return colors.green(line);
    case 'idle':
      return colors.yellow(line);
    case 'unreadable':
      return colors.red(line);
    default:
      return colors.dim(line);
  }
}

function details({ decision: { mapping, transcript } }: Row): string[] {
  const { provider, chat, session } = mapping;
  return [
    `Chat: ${printable(`${provider}/${chat}`)}`,
    `Session: ${printable(session ?? '?')}`,
    ...(transcript === null ? [] : transcriptLines(mapping, transcript)),
  ];
}

function endLines(report: CleanReport, rows: readonly Row[]): string[] {
  const { checked, active, idle } = summarize(report);
  const source = report.withBridge ? "the bridge's memory and file" : printable(report.map);
  const part = checked === report.mapped ? '' : ` of ${report.mapped}`;
  const lines = [
    `${checked}${part} mapped in ${source}: ${active} active, ${idle} idle for more than ${report.thresholdHours}h, ${checked - active - idle} other`,
  ];
  if (rows.some(({ sharedWith = [] }) => sharedWith.length > 0)) {
    lines.push(
      "shared: several chats have one session, and each goes on in the others' conversation",
    );
  }
  return [...lines, lastRunInWords(report)];
}

function lastRunInWords({ lastRun }: CleanReport): string {
  if (lastRun === undefined) return 'Last run: none is recorded';
  const { endedAt, exitStatus, error, removed } = lastRun;
  const end = exitStatus === 0 ? 'done' : `failed (${printable(error ?? `exit ${exitStatus}`)})`;
  return `Last run: ${localTime(Date.parse(endedAt))}, ${end}, ${counted(removed, 'mapping')} removed`;
}
