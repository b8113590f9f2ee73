import { localTime } from '../local-time.js';
import { printable, shortId } from '../printable.js';
import { resumeWords } from '../providers/index.js';
import { type CleanReport, type Row, summarize } from './clean-report.js';
import { colorsFor } from './colors.js';
import { hoursIdle } from './idle-hours.js';
import type { TextStyle } from './text.js';

const HEADINGS = ['STATE', 'PROVIDER', 'CHAT', 'SESSION', 'IDLE', 'LAST ACTIVITY'];
const PAINT = { active: 'green', idle: 'yellow', unreadable: 'red' } as const;

/** Every mapped session on a line of its own. Times are local. */
export async function listText(report: CleanReport, style: TextStyle): Promise<string> {
  const colors = await colorsFor(style.color);
  const rows = report.sections.flatMap((section) => section.rows);
  const cells = [HEADINGS, ...rows.map((row) => cellsOf(row, report, style))];
  const widths = HEADINGS.map((_, column) =>
    cells.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const { checked, active, idle } = summarize(report);
  const source = report.withBridge ? "the bridge's memory and file" : printable(report.map);
  const painted = lines.flatMap((line, at) => {
    const row = rows[at - 1];
    if (row === undefined) return [colors.bold(line)];
    const { state } = row.decision;
    const color = state in PAINT ? PAINT[state as keyof typeof PAINT] : 'dim';
    return [colors[color](line), ...(style.verbose ? details(row) : [])];
  });
  return `${[
    ...painted,
    '',
    `${checked} mapped in ${source}: ${active} active, ${idle} idle for more than ${report.thresholdHours}h, ${checked - active - idle} other`,
  ].join('\n')}\n`;
}

function cellsOf({ decision }: Row, { now }: CleanReport, { verbose }: TextStyle): string[] {
  const { mapping, state, lastActivity, running } = decision;
  const id = verbose ? printable : shortId;
  return [
    running ? `${state}, running` : state,
    printable(mapping.provider),
    id(mapping.chat),
    mapping.session === null ? '?' : id(mapping.session),
    lastActivity === null ? '-' : `${hoursIdle(lastActivity, now)}h`,
    lastActivity === null ? '-' : localTime(lastActivity),
  ];
}

function details({ decision: { mapping, transcript } }: Row): string[] {
  if (transcript === null) return [];
  return [`    ${printable(transcript)}`, `    ${printable(resumeWords(mapping).join(' '))}`];
}
