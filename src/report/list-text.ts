import { counted } from '../output/counted.js';
import { colorsFor, page } from '../output/page.js';
import { printable } from '../output/printable.js';
import { shortNames } from '../output/short-names.js';
import { type Column, tableLines, tableWidth, widthOf } from '../output/terminal.js';
import { hoursIdle, localTime, timeAgo } from '../output/time.js';
import { type CleanReport, type Row, summarize } from './clean-report.js';
import type { TextStyle } from './clean-text.js';
import { detailLines, removedLines } from './details.js';

/** A row for every session, as wide as the terminal at most. Times are local. */
export async function listText(report: CleanReport, style: TextStyle): Promise<Iterable<string>> {
  const { verbose, color, width } = style;
  const colors = await colorsFor(color);
  const { rows, gone = [] } = report;
  const indented = (details: readonly string[]): string[] => details.map((line) => `    ${line}`);
  const [heading = '', ...lines] = tableLines(columnsOf(report, width));
  const text = [
    ...(rows.length > 0 ? [colors.bold(heading)] : []),
    ...rows.flatMap((row, at) => [
      colors[row.decision.running ? 'cyan' : PAINTS[row.decision.state]](lines[at] ?? ''),
      ...(verbose || row.weighed !== undefined
        ? indented(detailLines(row.decision, row.sharedWith, row.weighed))
        : []),
    ]),
    ...gone.flatMap((each) => [
      `${printable(`${each.provider}/${each.chat}`)} is not mapped`,
      ...indented(removedLines(each)),
    ]),
    '',
    ...endLines(report),
  ];
  return page(text, width, '      ');
}

const PAINTS = {
  active: 'green',
  idle: 'yellow',
  missing: 'dim',
  unreadable: 'red',
  unrecognized: 'dim',
} as const;

// As long as a UUID.
const WHOLE_CHAT = 36;
// Whoever chose a long name must not push the times off the terminal.
const PROVIDER_MOST = 16;

/** As many columns as fit, with whole chats where there is room. */
function columnsOf({ rows, now }: CleanReport, width = Infinity): readonly Column[] {
  const mappings = rows.map(({ decision }) => decision.mapping);
  const chats = mappings.map(({ chat }) => chat);
  const sessionName = shortNames(mappings.flatMap(({ session }) => session ?? []));
  const column = (heading: string, cellOf: (row: Row) => string): Column => {
    const cells = [heading, ...rows.map(cellOf)];
    return { cells, width: cells.reduce((most, cell) => Math.max(most, widthOf(cell)), 0) };
  };
  const chatsNamed = (nameOf: (chat: string) => string): Column =>
    column('CHAT', ({ decision: { mapping } }) => nameOf(mapping.chat));
  const timed = (heading: string, show: (lastActivity: number) => string): Column =>
    column(heading, ({ decision: { lastActivity } }) =>
      lastActivity === null ? '-' : show(lastActivity),
    );
  const provider = column('PROVIDER', ({ decision }) => printable(decision.mapping.provider));
  const others = [
    column('SESSION', ({ decision: { mapping } }) => sessionName(mapping.session ?? '?')),
    timed('LAST ACTIVITY', localTime),
    timed('IDLE', (lastActivity) => `${hoursIdle(lastActivity, now)}h`),
    column('STATE', ({ decision: { running, state }, sharedWith = [] }) =>
      [running ? 'running now' : state, ...(sharedWith.length > 0 ? ['shared'] : [])].join(', '),
    ),
    column('PROJECT', ({ project }) => printable(project ?? '-')),
  ];
  const whole = [provider, chatsNamed(shortNames(chats, WHOLE_CHAT)), ...others];
  if (tableWidth(whole) <= width) return whole;
  const short = { ...provider, width: Math.min(PROVIDER_MOST, provider.width) };
  return narrowed([short, chatsNamed(shortNames(chats)), ...others], width);
}

// What a narrow terminal can best do without goes first, or is made narrower, but not below so many cells.
const SPARED = [
  ['PROJECT', 12],
  ['LAST ACTIVITY', Infinity],
  ['PROVIDER', Infinity],
  ['SESSION', Infinity],
  ['CHAT', 4],
] as const;

function narrowed(columns: readonly Column[], width: number): readonly Column[] {
  return SPARED.reduce((left, [heading, least]) => {
    const over = tableWidth(left) - width;
    if (over <= 0) return left;
    return left.flatMap((column) => {
      if (column.cells[0] !== heading) return column;
      return column.width - over < least ? [] : { ...column, width: column.width - over };
    });
  }, columns);
}

function endLines(report: CleanReport): string[] {
  const { checked, active, idle } = summarize(report);
  const source = report.withBridge ? "the bridge's memory and file" : printable(report.map);
  const part = checked === report.mapped ? '' : ` of ${report.mapped}`;
  const shared =
    "shared: several chats have one session, and each goes on in the others' conversation";
  const isShared = report.rows.some(({ sharedWith = [] }) => sharedWith.length > 0);
  return [
    `${checked}${part} mapped in ${source}: ${active} active, ${idle} idle for more than ${report.thresholdHours}h, ${checked - active - idle} other`,
    ...(isShared ? [shared] : []),
    lastRunInWords(report.lastRun, report.now),
  ];
}

function lastRunInWords(lastRun: CleanReport['lastRun'], now: number): string {
  if (lastRun === undefined) return 'Last run: none is recorded';
  const { endedAt, exitStatus, error, removed } = lastRun;
  const end = exitStatus === 0 ? 'done' : `failed (${printable(error ?? `exit ${exitStatus}`)})`;
  const when = timeAgo(Date.parse(endedAt), now);
  return `Last run: ${when}, ${end}, ${counted(removed, 'mapping')} removed`;
}
