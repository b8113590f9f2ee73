import { formatDistanceStrict } from 'date-fns/formatDistanceStrict';
import { isValid } from 'date-fns/isValid';
import { localTime } from '../output/local-time.js';
import { PLAIN, printable } from '../output/printable.js';
import { shortNames } from '../output/short-names.js';
import { cut } from '../output/table.js';
import type { CleanReport, Row } from './clean-report.js';
import { hoursIdle } from './idle-hours.js';

/** A column of the list. */
export interface Column {
  readonly heading: string;
  /** How wide it may become on a terminal. */
  readonly most?: number;
  /** How narrow it may be made where the others leave it no more. */
  readonly least?: number;
  cell(row: Row): string;
}

/** The columns of a report's list. */
export interface Columns {
  /** Where no terminal sets a limit. */
  readonly plain: readonly Column[];
  /** For terminals, richest first: what a narrow one can best do without goes first. */
  readonly layouts: readonly (readonly Column[])[];
}

// Whoever chose a long name must not push the times off the terminal.
const PROVIDER_MOST = 16;
// What is escaped becomes up to nine times as long.
const ESCAPED_MOST = 8;
// As long as a UUID.
const WHOLE_MOST = 36;
const BAR_WIDTH = 8;
const MINUTE_LENGTH = 'yyyy-MM-dd HH:mm'.length;

/** The columns for this report's rows. */
export function columnsOf(report: CleanReport): Columns {
  const { now, cutoff } = report;
  const mappings = report.rows.map(({ decision }) => decision.mapping);
  const chats = mappings.map((mapping) => mapping.chat);
  const shortChat = shortNames(chats);
  const wholeName = shortNames(chats, WHOLE_MOST);
  const shortSession = shortNames(mappings.flatMap((mapping) => mapping.session ?? []));
  const fitted = (id: string, name: string): string =>
    PLAIN.test(id) ? name : cut(name, ESCAPED_MOST);

  const provider: Column = {
    heading: 'PROVIDER',
    most: PROVIDER_MOST,
    cell: ({ decision }) => printable(decision.mapping.provider),
  };
  const chat: Column = {
    heading: 'CHAT',
    cell: ({ decision: { mapping } }) => fitted(mapping.chat, shortChat(mapping.chat)),
  };
  const wholeChat: Column = {
    ...chat,
    cell: ({ decision }) => wholeName(decision.mapping.chat),
  };
  const session: Column = {
    heading: 'SESSION',
    cell: ({ decision: { mapping } }) =>
      mapping.session === null ? '?' : fitted(mapping.session, shortSession(mapping.session)),
  };
  const state: Column = {
    heading: 'STATE',
    cell: ({ decision: { running, state }, sharedWith = [] }) =>
      (running ? 'running now' : state) + (sharedWith.length > 0 ? ', shared' : ''),
  };
  const wholeProject: Column = {
    heading: 'PROJECT',
    cell: (row) => (row.project == null ? '-' : printable(row.project)),
  };
  const project: Column = { ...wholeProject, least: 12 };
  const known = (heading: string, show: (lastActivity: number) => string): Column => ({
    heading,
    cell: ({ decision: { lastActivity } }) => (lastActivity === null ? '-' : show(lastActivity)),
  });
  const distanceOf = (time: number): string => {
    const date = new Date(time);
    return isValid(date) ? formatDistanceStrict(date, now, { addSuffix: true }) : 'unknown';
  };
  const time = known('LAST ACTIVITY', localTime);
  const distance = known('LAST ACTIVITY', distanceOf);
  const distanceAndTime = known(
    'LAST ACTIVITY',
    (last) => `${distanceOf(last)} (${localTime(last).slice(0, MINUTE_LENGTH)})`,
  );
  const hours = known('IDLE', (last) => `${hoursIdle(last, now)}h`);
  const bar = known('IDLE', (last) => {
    const share = Math.min(1, Math.max(0, (now - last) / (now - cutoff)));
    const full = Math.round(share * BAR_WIDTH);
    return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${hoursIdle(last, now)}h`;
  });

  const layouts = [
    [provider, chat, session, distanceAndTime, bar, state, project],
    [provider, chat, session, distance, bar, state, project],
    [provider, chat, session, distance, hours, state, project],
    [provider, chat, session, distance, hours, state],
    [provider, chat, session, hours, state],
    [chat, session, hours, state],
    [{ ...chat, least: 4 }, hours, state],
  ];
  const whole = new Map([
    [chat, wholeChat],
    [project, wholeProject],
  ]);
  return {
    plain: [provider, wholeChat, session, time, hours, state, project],
    layouts: layouts.flatMap((layout) => [
      layout.map((column) => whole.get(column) ?? column),
      layout,
    ]),
  };
}
