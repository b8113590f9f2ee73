import type { Colors } from '../output/colors.js';
import { counted } from '../output/counted.js';
import { localTime } from '../output/local-time.js';
import { printable } from '../output/printable.js';
import { GAP, tableLines, widthOf, wrapped } from '../output/table.js';
import { type CleanReport, type Row, summarize } from './clean-report.js';
import { type Column, columnsOf } from './list-columns.js';
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
  const { rows } = report;
  const [heading = '', ...lines] = table(report, rows, columns);
  const painted = rows.flatMap((row, at) => [
    paint(row, lines[at] ?? '', colors),
    ...(verbose ? details(row).map((line) => `    ${line}`) : []),
  ]);
  const ending = endLines(report, rows).flatMap((line) => wrapped(line, columns));
  return `${[colors.bold(heading), ...painted, '', ...ending].join('\n')}\n`;
}

interface Measured {
  readonly cells: readonly string[];
  /** That of its widest cell, or of its heading. */
  readonly width: number;
}

function table(report: CleanReport, rows: readonly Row[], available: number | undefined): string[] {
  const { plain, layouts } = columnsOf(report);
  const known = new Map<Column, Measured>();
  const measure = (column: Column): Measured => {
    const measured = known.get(column) ?? measuredColumn(column, rows);
    known.set(column, measured);
    return measured;
  };
  const limited = (column: Column): number =>
    Math.min(measure(column).width, available === undefined ? Infinity : (column.most ?? Infinity));
  const fits = (layout: readonly Column[]): boolean =>
    squeezed(layout, layout.map(limited), available) !== undefined;
  // Nothing fits a terminal that is narrower than any.
  const layout = available === undefined ? plain : (layouts.find(fits) ?? layouts.at(-1) ?? plain);
  const widths = layout.map(limited);
  const cells = layout.map((column) => measure(column).cells);
  return tableLines(
    [
      layout.map(({ heading }) => heading),
      ...rows.map((_, at) => cells.map((column) => column[at] ?? '')),
    ],
    squeezed(layout, widths, available) ?? layout.map(({ least }, at) => least ?? widths[at] ?? 0),
  );
}

function measuredColumn(column: Column, rows: readonly Row[]): Measured {
  const cells = rows.map((row) => column.cell(row));
  const widest = (most: number, cell: string): number => Math.max(most, widthOf(cell));
  return { cells, width: cells.reduce(widest, widthOf(column.heading)) };
}

/** The widths with which the columns fit, where one of them may give way; undefined when they don't. */
function squeezed(
  layout: readonly Column[],
  widths: readonly number[],
  available = Infinity,
): readonly number[] | undefined {
  const whole = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
  const over = Math.max(0, whole - available);
  const giving = layout.findIndex(
    ({ least }, at) => (widths[at] ?? 0) - over >= (least ?? Infinity),
  );
  if (over > 0 && giving === -1) return undefined;
  return widths.map((width, at) => (at === giving ? width - over : width));
}

function paint({ decision: { state, running } }: Row, line: string, colors: Colors): string {
  if (running) return colors.cyan(line);
  const paints = { active: colors.green, idle: colors.yellow, unreadable: colors.red } as const;
  return state === 'missing' || state === 'unrecognized' ? colors.dim(line) : paints[state](line);
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
  const isShared = rows.some(({ sharedWith = [] }) => sharedWith.length > 0);
  return [
    `${checked}${part} mapped in ${source}: ${active} active, ${idle} idle for more than ${report.thresholdHours}h, ${checked - active - idle} other`,
    ...(isShared
      ? ["shared: several chats have one session, and each goes on in the others' conversation"]
      : []),
    lastRunInWords(report),
  ];
}

function lastRunInWords({ lastRun }: CleanReport): string {
  if (lastRun === undefined) return 'Last run: none is recorded';
  const { endedAt, exitStatus, error, removed } = lastRun;
  const end = exitStatus === 0 ? 'done' : `failed (${printable(error ?? `exit ${exitStatus}`)})`;
  return `Last run: ${localTime(Date.parse(endedAt))}, ${end}, ${counted(removed, 'mapping')} removed`;
}
