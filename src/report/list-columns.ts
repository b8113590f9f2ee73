import { formatDistanceStrict } from 'date-fns/formatDistanceStrict';
import { isValid } from 'date-fns/isValid';
import { lightFormat } from 'date-fns/lightFormat';
import { localTime } from '../output/local-time.js';
import { PLAIN as PLAIN_TEXT, printable } from '../output/printable.js';
import { shortNames } from '../output/short-names.js';
import { cut } from '../output/table.js';
import { type CleanReport, type Row, rowsOf } from './clean-report.js';
import { hoursIdle } from './idle-hours.js';

/** A list's report with the names of its chats and sessions. */
export interface Listed {
  readonly report: CleanReport;
  chat(id: string): string;
  wholeChat(id: string): string;
  session(id: string): string;
}

/** A column of the list. */
export interface Column {
  readonly heading: string;
  /** How wide it may become on a terminal. */
  readonly most?: number;
  /** How narrow it may be made where the others leave it no more. */
  readonly least?: number;
  cell(row: Row, listed: Listed): string;
}

// Whoever chose a long name must not push the times off the terminal.
const NAME_MOST = 16;
const SESSION_MOST = 8;
// As long as a UUID.
const WHOLE_MOST = 36;

/** Names a report's chats and sessions. */
export function listed(report: CleanReport): Listed {
  const mappings = rowsOf(report).map(({ decision }) => decision.mapping);
  const chats = mappings.map(({ chat }) => chat);
  const sessions = mappings.flatMap(({ session }) => session ?? []);
  return {
    report,
    chat: withEscapesCut(shortNames(chats), NAME_MOST),
    wholeChat: shortNames(chats, WHOLE_MOST),
    session: withEscapesCut(shortNames(sessions), SESSION_MOST),
  };
}

/** What is escaped becomes up to nine times as long. */
function withEscapesCut(name: (id: string) => string, most: number): (id: string) => string {
  return (id) => (PLAIN_TEXT.test(id) ? name(id) : cut(name(id), most));
}

const provider: Column = {
  heading: 'PROVIDER',
  most: NAME_MOST,
  cell: ({ decision }) => printable(decision.mapping.provider),
};
const chat: Column = {
  heading: 'CHAT',
  most: WHOLE_MOST,
  cell: ({ decision }, listed) => listed.chat(decision.mapping.chat),
};
const wholeChat: Column = {
  ...chat,
  cell: ({ decision }, listed) => listed.wholeChat(decision.mapping.chat),
};
const narrowChat: Column = { ...chat, least: 4 };
const session: Column = {
  heading: 'SESSION',
  most: WHOLE_MOST,
  cell: ({ decision: { mapping } }, listed) =>
    mapping.session === null ? '?' : listed.session(mapping.session),
};
const state: Column = {
  heading: 'STATE',
  cell: ({ decision, sharedWith = [] }) =>
    `${decision.running ? 'running now' : decision.state}${sharedWith.length > 0 ? ', shared' : ''}`,
};
const project: Column = {
  heading: 'PROJECT',
  least: 12,
  cell: (row) => (row.project == null ? '-' : printable(row.project)),
};
const time: Column = {
  heading: 'LAST ACTIVITY',
  cell: known((lastActivity) => localTime(lastActivity)),
};
const distance: Column = {
  heading: 'LAST ACTIVITY',
  cell: known((lastActivity, { now }) => distanceOf(lastActivity, now)),
};
const distanceAndTime: Column = {
  heading: 'LAST ACTIVITY',
  cell: known((lastActivity, { now }) => {
    const date = new Date(lastActivity);
    const minute = isValid(date) ? lightFormat(date, 'yyyy-MM-dd HH:mm') : 'unknown';
    return `${distanceOf(lastActivity, now)} (${minute})`;
  }),
};
const hours: Column = {
  heading: 'IDLE',
  cell: known((lastActivity, { now }) => `${hoursIdle(lastActivity, now)}h`),
};
const bar: Column = {
  heading: 'IDLE',
  cell: known((lastActivity, { now, cutoff }) => {
    const share = Math.min(1, Math.max(0, (now - lastActivity) / (now - cutoff)));
    const full = Math.round(share * BAR_WIDTH);
    const hours = hoursIdle(lastActivity, now);
    return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${hours}h`;
  }),
};
const BAR_WIDTH = 8;

/** The columns where no terminal sets a limit. */
export const PLAIN: readonly Column[] = [provider, wholeChat, session, time, hours, state, project];

/** The columns for terminals, richest first: what a narrow one can best do without goes first. */
export const LAYOUTS: readonly (readonly Column[])[] = [
  [provider, chat, session, distanceAndTime, bar, state, project],
  [provider, chat, session, distance, bar, state, project],
  [provider, chat, session, distance, hours, state, project],
  [provider, chat, session, distance, hours, state],
  [provider, chat, session, hours, state],
  [chat, session, hours, state],
  [narrowChat, hours, state],
];

/** The same columns with whole ids, for where there is room. */
export function withWholeIds(layout: readonly Column[]): readonly Column[] {
  return layout.map((column) => (column === chat ? wholeChat : column));
}

function known(
  show: (lastActivity: number, report: CleanReport) => string,
): (row: Row, listed: Listed) => string {
  return ({ decision: { lastActivity } }, { report }) =>
    lastActivity === null ? '-' : show(lastActivity, report);
}

function distanceOf(lastActivity: number, now: number): string {
  const date = new Date(lastActivity);
  return isValid(date) ? formatDistanceStrict(date, now, { addSuffix: true }) : 'unknown';
}
