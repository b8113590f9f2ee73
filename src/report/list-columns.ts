import { formatDistanceStrict } from 'date-fns/formatDistanceStrict';
import { isValid } from 'date-fns/isValid';
import { lightFormat } from 'date-fns/lightFormat';
import { localTime } from '../output/local-time.js';
import { printable, shortId } from '../output/printable.js';
import type { CleanReport, Row } from './clean-report.js';
import { hoursIdle } from './idle-hours.js';

/** A column of the list. */
export interface Column {
  readonly heading: string;
  /** How wide it may become on a terminal. */
  readonly most?: number;
  /** How narrow it may be made where the others leave it no more. */
  readonly least?: number;
  cell(row: Row, report: CleanReport): string;
}

// Whoever chose a long name must not push the times off the terminal.
const NAME_MOST = 16;

const provider: Column = {
  heading: 'PROVIDER',
  most: NAME_MOST,
  cell: ({ decision }) => printable(decision.mapping.provider),
};
const chat: Column = {
  heading: 'CHAT',
  most: NAME_MOST,
  cell: ({ decision }) => shortId(decision.mapping.chat),
};
const narrowChat: Column = { ...chat, least: 4 };
const session: Column = {
  heading: 'SESSION',
  // The ids that CLIs give are this wide when cut short.
  most: 8,
  cell: ({ decision: { mapping } }) => (mapping.session === null ? '?' : shortId(mapping.session)),
};
const state: Column = {
  heading: 'STATE',
  cell: ({ decision }) => (decision.running ? 'running now' : decision.state),
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
export const PLAIN: readonly Column[] = [provider, chat, session, time, hours, state, project];

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

function known(
  show: (lastActivity: number, report: CleanReport) => string,
): (row: Row, report: CleanReport) => string {
  return ({ decision: { lastActivity } }, report) =>
    lastActivity === null ? '-' : show(lastActivity, report);
}

function distanceOf(lastActivity: number, now: number): string {
  const date = new Date(lastActivity);
  return isValid(date) ? formatDistanceStrict(date, now, { addSuffix: true }) : 'unknown';
}
