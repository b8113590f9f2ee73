import { PROGRAM } from '../name.js';
import { optionsFrom, type SessionOptions } from '../options/resolve.js';
import type { Finding } from '../output/finding.js';
import { PROVIDERS } from '../providers/index.js';
import type { Account } from '../system/account.js';
import type { KnownJob } from './job.js';

/** What a run of the doctor looks at. */
export interface View {
  readonly account: Account | undefined;
  readonly home: string | undefined;
  readonly options: SessionOptions;
}

interface Difference {
  readonly what: string;
  readonly its: string;
  readonly ours: string;
}

/**
 * Tells of each job that looks at something else than this run of the doctor: then all the rest of the
 * page says nothing about it. Where the page looks as one of the jobs does, the others are no cause for
 * concern.
 */
export function checkViews(jobs: readonly KnownJob[], view: View): Finding[] {
  const elsewhere = jobs.flatMap((known) => {
    const differences = differencesOf(known, view);
    return differences.length === 0 ? [] : [{ known, differences }];
  });
  const level = elsewhere.length < jobs.length ? 'ok' : 'warning';
  return elsewhere.map(({ known, differences }) => ({
    subject: known.job.subject,
    level,
    message: `this page does not look at what it cleans: ${differences.join(', ')}`,
    fix: `to look as it does: ${commandFor(known, view)}`,
  }));
}

/** Where a job looks at something else, in words. */
function differencesOf(known: KnownJob, view: View): string[] {
  const { job, home, options } = known;
  const [its, ours] = [flagsOf(options), flagsOf(view.options)];
  const [itsUsual, oursUsual] = [usual(home), usual(view.home ?? home)];
  const different: Difference[] = [
    { what: 'as', its: job.account.name, ours: view.account?.name ?? 'nobody' },
    { what: 'HOME', its: home, ours: view.home ?? 'not set' },
    ...its
      .map(([what, value], index) => ({ what, its: value, ours: ours[index]?.[1] ?? '', index }))
      // What follows from another home is said with the home.
      .filter(({ index, ...at }) => {
        const follows = at.its === itsUsual[index]?.[1] && at.ours === oursUsual[index]?.[1];
        // What it knows of the bridge this page takes over.
        const isTakenOver = at.what === '--bridge-url' && at.ours === '';
        return at.what !== '--hours' && !isTakenOver && !follows;
      }),
  ].filter((at) => at.its !== at.ours);
  return different.map((at) => `${at.what} ${at.its || 'none'} (here ${at.ours || 'none'})`);
}

/** The command that has the doctor look at what a job cleans. */
function commandFor({ job, home, options }: KnownJob, view: View): string {
  const { account } = job;
  const isOwn = account.name === view.account?.name;
  const [itsUsual, ours] = [usual(home), flagsOf(view.options)];
  const flags = flagsOf(options).filter(
    ([, value], index) =>
      value !== '' && (value !== itsUsual[index]?.[1] || (isOwn && value !== ours[index]?.[1])),
  );
  return [
    ...(isOwn ? [] : ['sudo', '-u', account.name, '-H']),
    ...(home === (isOwn ? view.home : account.home) ? [] : ['env', `HOME=${home}`]),
    ...[PROGRAM, 'doctor'],
    ...flags.flat(),
  ]
    .map(quoted)
    .join(' ');
}

/** Those of a run that is told nothing but its home. */
function usual(home: string): [flag: string, value: string][] {
  return flagsOf(optionsFrom('doctor', {}, { HOME: home }));
}

function flagsOf(options: SessionOptions): [flag: string, value: string][] {
  return [
    ['--session-dir', options.sessionDir],
    ...PROVIDERS.map(({ family }): [string, string] => [`--${family}-dir`, options.roots[family]]),
    ['--bridge-url', options.bridgeUrl?.href ?? ''],
    ['--hours', String(options.thresholdHours)],
  ];
}

function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
