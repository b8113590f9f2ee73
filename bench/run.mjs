// Measures what is built beside its floor (starting Node, walking the directories) and beside a clean-up as
// people write it by hand, all in one run. Prints the tables of the README.
//
//   npm run bench                   all of it: about five minutes
//   npm run bench -- --write        puts the tables into the README, too
//   npm run bench -- --quick        smaller trees, few rounds: does it work, and roughly how fast is it?
//
// Needs Python 3 and find; counts system calls where strace is there.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { profileOf } from './profile.mjs';
import { makeTree, mostlyRecent, spread, writeMap } from './trees.mjs';

const HERE = import.meta.dirname;
const README = join(HERE, '../README.md');
const PROGRAM = join(HERE, '../bin/claude-session-cleanup.js');
const TREES = ['.claude/projects', '.gemini/tmp', '.codex/sessions'];

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 3 : 15;
// What takes a tenth of a second needs more rounds to outlast a busy moment of the machine.
const MANY = 4;

const SMALL = { mapped: 20, transcripts: 2_000, days: 60, projects: 12 };
const MIDDLE = { mapped: 1_000, transcripts: 20_000, days: 180, projects: 60 };
const LARGE = { mapped: 10_000, transcripts: 200_000, days: 730, projects: 300 };

const ours = (...options) => ({ ours: [process.execPath, PROGRAM, ...options] });
const floor = { node: [process.execPath, '-e', '0'] };
const walk = { find: ['find', ...TREES, '-type', 'f', '-printf', '%T@ %p\n'] };
const byHand = { script: ['python3', join(HERE, 'cleanup.py')] };

// The script would take minutes for each round in the large tree.
const WORKS = [
  {
    name: '`--version`',
    size: SMALL,
    programs: { ...ours('--version'), ...floor },
    goal: 'at most 1.3 × node',
    reached: ({ ours, node }) => [`${ratio(ours, node)} ×`, ours / node <= 1.3],
  },
  {
    name: 'dry run',
    size: SMALL,
    programs: { ...ours('--dry-run'), ...floor, ...walk, ...byHand },
    goal: 'at most 1.5 × node',
    reached: ({ ours, node }) => [`${ratio(ours, node)} ×`, ours / node <= 1.5],
  },
  {
    name: 'dry run',
    size: MIDDLE,
    programs: { ...ours('--dry-run'), ...floor, ...walk, ...byHand },
    goal: 'at least 15 × faster than the script',
    reached: ({ ours, script }) => [`${ratio(script, ours)} ×`, script / ours >= 15],
  },
  {
    name: 'dry run',
    size: LARGE,
    programs: { ...ours('--dry-run'), ...floor, ...walk },
    goal: 'at most 1.0 × (node + find)',
    reached: ({ ours, node, find }) => [`${ratio(ours, node + find)} ×`, ours / (node + find) <= 1],
  },
];
const MEMORY_GOAL_MB = 150;

const root = mkdtempSync(join(tmpdir(), 'cleanup-bench-'));
const homes = new Map();
try {
  const works = WORKS.filter(({ size }) => !(quick && size === LARGE)).map(measureWork);
  const text = [
    machine(),
    timesTable(works),
    memoryTable(works),
    'What the small dry run spends its time on beyond the start of Node, from ten profiles (a profiled run is slower):',
    profileTable(SMALL),
    'With more mapped sessions in one tree, and with more transcripts around the same mapped sessions:',
    growthInMapped(quick ? MIDDLE : LARGE),
    growthInTranscripts(quick ? MIDDLE : LARGE),
  ].join('\n\n');
  console.log(text);
  if (process.argv.includes('--write')) writeReadme(text);
} finally {
  rmSync(root, { recursive: true, force: true });
}

function measureWork(work) {
  const home = homeOf(work.size, mostlyRecent);
  if ('script' in work.programs) checkSameDecisions(home);
  const measured = measure(home, work.programs, work.size === SMALL ? MANY * ROUNDS : ROUNDS);
  const [result, isReached] = work.reached(mapValues(measured, ({ seconds }) => seconds));
  return { ...work, measured, result, isReached };
}

/** A home with this many transcripts and a map of some of their sessions; made once for each size. */
function homeOf({ mapped, transcripts, days, projects }, choose) {
  const dir = join(root, String(transcripts));
  const sessions = homes.get(dir) ?? makeTree(dir, { transcripts, days, projects });
  homes.set(dir, sessions);
  const sessionDir = join(dir, `bridge-${choose.name}-${mapped}`);
  writeMap(sessionDir, choose(sessions, mapped));
  return { cwd: dir, env: { HOME: dir, CLAUDE_SESSION_DIR: sessionDir } };
}

/** Median wall-clock time (s) and peak memory (bytes) of each program. */
function measure({ cwd, env }, programs, rounds = ROUNDS) {
  const task = {
    rounds,
    programs: Object.values(programs).map((argv) => ({ argv, cwd, env })),
  };
  const output = execFileSync('python3', [join(HERE, 'measure.py')], {
    input: JSON.stringify(task),
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  const runs = JSON.parse(output);
  return Object.fromEntries(
    Object.keys(programs).map((name, at) => [
      name,
      {
        seconds: median(runs[at].map(({ seconds }) => seconds)),
        bytes: Math.max(...runs[at].map(({ bytes }) => bytes)),
      },
    ]),
  );
}

function checkSameDecisions({ cwd, env }) {
  const run = ([command, ...options]) =>
    execFileSync(command, options, {
      cwd,
      env: { ...process.env, ...env },
      encoding: 'utf8',
      maxBuffer: Number.POSITIVE_INFINITY,
    });
  const { sessions } = JSON.parse(run([...ours('--dry-run', '--json').ours]));
  const idle = sessions
    .filter(({ action }) => action === 'would-remove')
    .map(({ provider, chat }) => `${provider} ${chat}`);
  const idleByHand = run(byHand.script).trim().split('\n');
  if (idle.length === 0 || idle.sort().join() !== idleByHand.sort().join()) {
    throw new Error(`${cwd}: the program and the script decide differently`);
  }
}

function timesTable(works) {
  const rows = works.map(({ name, size, measured, result, goal, isReached }) => [
    sized(name, size),
    ...['ours', 'node', 'find', 'script'].map((who) => milliseconds(measured[who]?.seconds)),
    result,
    `${goal}: ${isReached ? 'reached' : 'not reached, its profile is below'}`,
  ]);
  return table(['', 'ours', '`node -e 0`', '`find`', 'script', 'ratio', 'goal'], rows);
}

function memoryTable(works) {
  const rows = works.map(({ name, size, measured }) => [
    sized(name, size),
    ...['ours', 'node', 'find', 'script'].map((who) => megabytes(measured[who]?.bytes)),
    size === LARGE
      ? `under ${MEMORY_GOAL_MB} MB: ${measured.ours.bytes < MEMORY_GOAL_MB * 1024 ** 2 ? 'reached' : 'not reached'}`
      : '',
  ]);
  return table(['peak memory', 'ours', '`node -e 0`', '`find`', 'script', 'goal'], rows);
}

function profileTable(size) {
  const parts = profileOf(homeOf(size, mostlyRecent), ours('--dry-run').ours);
  return table(
    ['part', 'time'],
    parts.map(([part, ms]) => [part, `${ms.toFixed(1)} ms`]),
  );
}

function growthInMapped(size) {
  const steps = [0.001, 0.25, 0.5, 1].map((part) => part * size.mapped);
  const measured = steps.map((mapped) => ({
    count: mapped,
    ...growthOf(homeOf({ ...size, mapped }, spread)),
  }));
  return growthTable(`mapped of ${count(size.transcripts)}`, 'mapped session', measured);
}

function growthInTranscripts(size) {
  const mapped = size.mapped / 10;
  const measured = [0.25, 0.5, 1].map((part) => ({
    count: part * size.transcripts,
    ...growthOf(homeOf({ ...size, mapped, transcripts: part * size.transcripts }, spread)),
  }));
  return growthTable(`transcripts, ${count(mapped)} mapped`, 'transcript', measured);
}

function growthOf(home) {
  const { ours: run } = measure(home, ours('--dry-run'));
  return { ...run, stats: countStats(home) };
}

/** What each row costs more than the first one, for each further mapped session or transcript. */
function growthTable(heading, unit, measured) {
  const [first] = measured;
  const rows = measured.map(({ count: n, seconds, bytes, stats }, at) => [
    count(n),
    milliseconds(seconds),
    at === 0 ? '' : `${(((seconds - first.seconds) / (n - first.count)) * 1e6).toFixed(1)} µs`,
    stats === undefined ? '' : count(stats),
    megabytes(bytes),
  ]);
  return table([heading, 'time', `per further ${unit}`, 'files stat’ed', 'peak memory'], rows);
}

/** How many files a dry run asks for their status; undefined without strace. */
function countStats({ cwd, env }) {
  const log = join(root, 'calls');
  const { status } = spawnSync(
    'strace',
    ['-f', '-qq', '-e', 'trace=%%stat', '-o', log, ...ours('--dry-run').ours],
    { cwd, env: { ...process.env, ...env }, stdio: 'ignore' },
  );
  if (status !== 0) return undefined;
  const calls = readFileSync(log, 'utf8').split('\n');
  return calls.filter((line) => TREES.some((tree) => line.includes(`${cwd}/${tree}/`))).length;
}

function machine() {
  const type = execFileSync('findmnt', ['-no', 'FSTYPE', '-T', root], { encoding: 'utf8' }).trim();
  return (
    `Medians of ${ROUNDS} rounds (${MANY * ROUNDS} of the small tree), side by side in one run of \`npm run bench\`: ` +
    `${availableParallelism()} cores, Node ${process.versions.node}, ${type}, warm caches. ` +
    '`find` prints the modification time of every transcript; the script is `bench/cleanup.py`, which globs ' +
    'once for each mapped session, as people write it by hand, and decides the same (for the largest tree it ' +
    'takes minutes).'
  );
}

function writeReadme(text) {
  const readme = readFileSync(README, 'utf8');
  const [start, end] = ['<!-- bench -->\n', '<!-- /bench -->'];
  const [before, rest] = readme.split(start);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${README}: no place for the tables`);
  writeFileSync(README, `${before}${start}${text}\n${end}${after}`);
}

function table(headings, rows) {
  const lines = [headings, headings.map((_, at) => (at === 0 ? '---' : '---:')), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function sized(name, { mapped, transcripts }) {
  return name === 'dry run' ? `${name}, ${count(mapped)} mapped of ${count(transcripts)}` : name;
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

function ratio(one, other) {
  return (one / other).toFixed(2);
}

function count(n) {
  return n.toLocaleString('en-US');
}

function milliseconds(seconds) {
  return seconds === undefined ? '' : `${count(Math.round(seconds * 1000))} ms`;
}

function megabytes(bytes) {
  return bytes === undefined ? '' : `${Math.round(bytes / 1024 ** 2)} MB`;
}
