import type { Removals } from '../journal/removed-before.js';
import type { Colors } from '../output/colors.js';
import { counted } from '../output/counted.js';
import { localTime } from '../output/local-time.js';
import { printable } from '../output/printable.js';
import { wrapped } from '../output/table.js';
import { inWords } from '../providers/obstacle.js';
import { type CleanReport, type Row, rowsOf } from './clean-report.js';
import { hoursIdle } from './idle-hours.js';
import { resumeCommand } from './transcript-lines.js';
import type { Weighed } from './weighed.js';

type Field = readonly [label: string, text: string];

const MOST_FILES = 10;
const LABEL_WIDTH = 18;
const PROCESS = {
  running: 'runs right now',
  perhaps: 'may run: what shows it could not be read, or can be read either way',
  none: 'none was seen',
} as const;

/** All that was weighed of named chats, a paragraph for each. Times are local. */
export function weighedText(
  report: CleanReport,
  { colors, columns }: { readonly colors: Colors; readonly columns: number | undefined },
): string {
  const mapped = rowsOf(report).flatMap((row) => {
    const { mapping } = row.decision;
    if (row.weighed === undefined) return [];
    return [paragraph(mapping, fieldsOf(row, row.weighed, report.now))];
  });
  const gone = (report.gone ?? []).map((removals) => paragraph(removals, goneFields(removals)));
  return [...mapped, ...gone].join('\n');

  function paragraph(
    { provider, chat }: { readonly provider: string; readonly chat: string },
    fields: readonly Field[],
  ): string {
    const lines = fields.flatMap(([label, text]) =>
      wrapped(
        `  ${label.padEnd(LABEL_WIDTH - 2)}${printable(text)}`,
        columns,
        ' '.repeat(LABEL_WIDTH),
      ),
    );
    const name = printable(`${provider}/${chat}`);
    return [...wrapped(name, columns).map((line) => colors.bold(line)), ...lines, ''].join('\n');
  }
}

function fieldsOf(row: Row, weighed: Weighed, now: number): Field[] {
  const { mapping, transcript } = row.decision;
  const { files, obstacles, thresholdHours, isKept, missingSince } = weighed;
  const shown = files.slice(0, MOST_FILES);
  const more = files.length - shown.length;
  const command = transcript === null ? undefined : resumeCommand(mapping, transcript);
  return [
    ['Session', mapping.session ?? 'its value has no session id in a form that is known'],
    ['Decision', decisionInWords(row, weighed, now)],
    ['Rules', `idle after ${counted(thresholdHours, 'hour')}${isKept ? '; --keep names it' : ''}`],
    ['Process', PROCESS[weighed.process]],
    ...listed('Files', [
      ...shown.map(({ mtimeMs, part, path }) => `${localTime(mtimeMs)} ${part}: ${path}`),
      ...(more > 0 ? [`${more} older`] : []),
      ...(files.length === 0 ? ['none'] : []),
    ]),
    ...listed(
      'In doubt',
      obstacles.map((obstacle) => `${obstacle.path}: ${inWords(obstacle)}`),
    ),
    ...(missingSince === null
      ? []
      : listed('No transcript', [`since the run of ${localTime(Date.parse(missingSince))}`])),
    ...listed('Shared with', row.sharedWith ?? []),
    [
      'If removed',
      'the next message begins a new session, which knows the last 10 messages of the chat at most; the transcript stays',
    ],
    ...(command === undefined ? [] : listed('By hand', [command])),
    ...before(weighed.removals),
  ];
}

function decisionInWords(
  { decision, note }: Row,
  { thresholdHours }: Weighed,
  now: number,
): string {
  const { lastActivity, keptBecause } = decision;
  const idle = lastActivity === null ? '' : `idle for ${hoursIdle(lastActivity, now)}h`;
  const threshold = counted(thresholdHours, 'hour');
  switch (keptBecause) {
    case null:
      return `the next run removes it: ${idle}, longer than ${threshold}`;
    case 'active':
      return `stays: ${idle}, not longer than ${threshold}`;
    case 'running':
      return 'stays: its process runs, or may run';
    case 'rule':
      return 'stays: --keep names it';
    case 'missing':
      return 'stays: it has no transcript, which only --missing remove acts on';
    case 'doubt':
      return 'stays: whether it is idle is not known for sure';
    case 'guard':
      return `stays: ${note ?? 'nothing is removed at all'}`;
  }
}

function goneFields(removals: Removals): Field[] {
  const { provider, chat, session, at, lastActivity } = removals.last;
  const idle =
    lastActivity === null
      ? 'without a transcript'
      : `its last activity was ${localTime(lastActivity)}`;
  return [
    ['Session', session],
    ['Decision', `removed ${localTime(Date.parse(at))}: ${idle}`],
    ['To put it back', `claude-session-cleanup restore ${provider}/${chat}`],
    ...before(removals),
  ];
}

function before(removals: Removals | undefined): Field[] {
  return listed(
    'Removed before',
    (removals?.all ?? []).map(
      ({ at, session }) => `${localTime(Date.parse(at))} session ${session}`,
    ),
  );
}

/** A field of several lines, of which the first has the label. */
function listed(label: string, texts: readonly string[]): Field[] {
  return texts.map((text, at) => [at === 0 ? label : '', text]);
}
