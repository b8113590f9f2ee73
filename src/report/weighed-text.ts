import type { Removal, Removals } from '../journal/removed-before.js';
import { counted } from '../output/counted.js';
import { localTime } from '../output/local-time.js';
import { printable } from '../output/printable.js';
import { wrapped } from '../output/table.js';
import type { ChatName } from '../session-map/by-chat.js';
import type { KeptBecause } from '../sessions/decide.js';
import type { CleanReport, Row } from './clean-report.js';
import { hoursIdle } from './idle-hours.js';
import type { ListStyle } from './list-text.js';

const MOST_FILES = 10;
const LABEL_WIDTH = 18;
const PROCESS = {
  running: 'runs right now',
  perhaps: 'may run: what shows it could not be read, or can be read either way',
  none: 'none was seen',
} as const;
const STAYS: Readonly<Record<KeptBecause, string>> = {
  active: 'it is active',
  running: 'its process runs, or may run',
  rule: '--keep names it',
  missing: 'it has no transcript, which only --missing remove acts on',
  doubt: 'whether it is idle is not known for sure',
  guard: 'nothing is removed at all',
};
const PRICE =
  'the next message begins a new session, which knows the last 10 messages of the chat at most; the transcript stays';

/** All that was weighed of named chats, a paragraph for each. Times are local. */
export function weighedText(report: CleanReport, { colors, columns }: ListStyle): string {
  const mapped = report.rows.map((row) =>
    paragraph(row.decision.mapping, fieldsOf(row, report.now)),
  );
  const gone = (report.gone ?? []).map((each) => paragraph(each, fieldsOfGone(each)));
  return [...mapped, ...gone].join('\n');

  function paragraph({ provider, chat }: ChatName, fields: Fields): string {
    const lines = Object.entries(fields).flatMap(([label, texts]) =>
      texts.flatMap((text, at) => {
        const start = `  ${at === 0 ? label : ''}`.padEnd(LABEL_WIDTH);
        return wrapped(start + printable(text), columns, ' '.repeat(LABEL_WIDTH));
      }),
    );
    const name = wrapped(printable(`${provider}/${chat}`), columns);
    return [...name.map((line) => colors.bold(line)), ...lines, ''].join('\n');
  }
}

/** Texts by their labels; those without a text are not shown. */
type Fields = Readonly<Record<string, readonly string[]>>;

function fieldsOf({ decision, sharedWith = [], weighed }: Row, now: number): Fields {
  if (weighed === undefined) return {};
  const { mapping, lastActivity, keptBecause } = decision;
  const { files, thresholdHours, isKept, missingSince, resume, removals } = weighed;
  const idle = lastActivity === null ? '' : ` (idle for ${hoursIdle(lastActivity, now)}h)`;
  const shown = files.slice(0, MOST_FILES);
  return {
    Session: [mapping.session ?? 'its value has no session id in a form that is known'],
    Decision: [(keptBecause === null ? 'goes' : `stays: ${STAYS[keptBecause]}`) + idle],
    Rules: [`idle after ${counted(thresholdHours, 'hour')}${isKept ? '; --keep names it' : ''}`],
    Process: [PROCESS[weighed.process]],
    Files: [
      ...shown.map(({ modified, part, path }) => `${local(modified)} ${part}: ${path}`),
      ...(files.length > shown.length ? [`${files.length - shown.length} older`] : []),
    ],
    'In doubt': weighed.obstacles,
    'No transcript': missingSince === null ? [] : [`since the run of ${local(missingSince)}`],
    'Shared with': sharedWith,
    'If removed': [PRICE],
    'By hand': resume === null ? [] : [resume],
    'Removed before': removals.map(removalInWords),
  };
}

function fieldsOfGone({ provider, chat, removals }: Removals): Fields {
  return {
    Removed: removals.map(removalInWords),
    'To put it back': [`claude-session-cleanup restore ${provider}/${chat}`],
  };
}

function removalInWords({ removedAt, session, lastActivity }: Removal): string {
  const since = lastActivity === null ? 'no transcript' : `last: ${local(lastActivity)}`;
  return `${local(removedAt)} session ${session} (${since})`;
}

function local(time: string): string {
  return localTime(Date.parse(time));
}
