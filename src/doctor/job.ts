import { Command } from 'commander';
import { addOptions, type Flags, flagsOf, inOneLine } from '../options/flags.js';
import { type CleanOptions, optionsFrom } from '../options/resolve.js';
import { type Finding, problem } from '../output/finding.js';
import type { Account } from '../system/account.js';
import { type Variables, wordsOf } from './environment.js';
import { isGone } from './files.js';

/** Something that runs the program by itself, and what it hands over. */
export interface Job {
  /** As the doctor's page names it. */
  readonly subject: string;
  readonly account: Account;
  /** Its command line behind the program's name; $CLEANUP_ARGS stands for what that variable has. */
  readonly words: readonly string[];
  /** Where its variables come from; later ones win. */
  readonly variables: readonly { readonly source: string; readonly values: Variables }[];
}

/** What was found in one place that can run the program by itself. */
export interface Findings {
  readonly checks: readonly Finding[];
  readonly jobs: readonly Job[];
  /** Who is there, but gave no answer. */
  readonly unasked: readonly string[];
}

/** A job that could be understood. */
export interface KnownJob {
  readonly job: Job;
  readonly flags: Flags;
  readonly home: string;
  readonly options: CleanOptions;
  /** The unit that is restarted after a run that removed mappings. */
  readonly bridgeUnit: string | undefined;
}

/**
 * What the program makes of a job's options and environment.
 *
 * @returns the job with its options, or the check that tells why there are none
 */
export function understand(job: Job): KnownJob | Finding {
  const environment = environmentOf(job);
  try {
    const flags = flagsOfJob(job);
    const options = optionsFrom('clean', flags, environment);
    // The installer's --bridge-unit leaves it there.
    const bridgeUnit = environment['BRIDGE_UNIT'] || undefined;
    return { job, flags, home: environment.HOME, options, bridgeUnit };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const why = `its settings make no sense: ${inOneLine(message)}`;
    return problem(job.subject, why, whereToMend(job));
  }
}

/**
 * A job whose Node or program is not there any more.
 *
 * @param programs their paths, as far as they are known
 */
export function checkPrograms(subject: string, programs: readonly string[]): Finding | undefined {
  const gone = programs.find(isGone);
  if (gone === undefined) return undefined;
  return problem(subject, `${gone}, which it runs, is not there`, 'run scripts/install.sh again');
}

/** A job that cleans nothing because it is told to. */
export function checkDryRun({ job, flags, options }: KnownJob): Finding[] {
  if (!options.dryRun) return [];
  const variable = job.variables.findLast(({ values }) => values['DRY_RUN'] !== undefined);
  const cause =
    flags['dryRun']?.at(-1) === 'true' || variable === undefined
      ? '--dry-run among its options'
      : `DRY_RUN in ${variable.source}`;
  const message = `${cause}: a run only says what it would remove`;
  return [problem(job.subject, message, 'when you trust it, take that out')];
}

function environmentOf({ account, variables }: Job): Variables & { readonly HOME: string } {
  return Object.assign({ HOME: account.home }, ...variables.map(({ values }) => values));
}

/** As the command line of a clean run; what it does not know it leaves to that run to refuse. */
function flagsOfJob(job: Job): Flags {
  const further = wordsOf(environmentOf(job)['CLEANUP_ARGS'] ?? '');
  const words = job.words.flatMap((word) => (/^\$\{?CLEANUP_ARGS\}?$/.test(word) ? further : word));
  // What a drop-in has may be there for somebody else; these words are for us alone.
  cleanCommand().parse(further, { from: 'user' });
  return flagsOf(
    cleanCommand().allowUnknownOption().allowExcessArguments().parse(words, { from: 'user' }),
  );
}

function cleanCommand(): Command {
  return addOptions(new Command(), 'clean')
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} });
}

function whereToMend({ variables }: Job): string {
  const sources = variables.map(({ source }) => source);
  return `they come from ${sources.join(', ') || 'its command line'}`;
}
