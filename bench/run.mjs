// Measures what is built beside its floors (starting Node, a script without packages, find) and beside a
// clean-up as people write it by hand, all in one run. Prints the tables of bench/README.md.
//
//   npm run bench                   all of it: about ten minutes
//   npm run bench -- --write        puts the tables into bench/README.md, and the short one into the README
//   npm run bench -- --quick        smaller trees, few rounds: does it work, and roughly how fast is it?
//
// Needs Python 3 and find.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { profileOf } from './profile.mjs';
import { addSubAgents, makeTree, mostlyRecent, spread, writeMap } from './trees.mjs';

const HERE = import.meta.dirname;
const PROGRAM = join(HERE, '../bin/claude-session-cleanup.js');
const TREES = ['.claude/projects', '.gemini/tmp', '.codex/sessions'];
// Nothing of the caller's: NODE_EXTRA_CA_CERTS alone makes Node start 30 ms later.
const BARE = { PATH: process.env.PATH };

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 3 : 15;
// What takes a tenth of a second needs more rounds to outlast a busy moment of the machine.
const MANY = 4;

const SMALL = { mapped: 20, transcripts: 2_000, days: 60, projects: 12 };
const MIDDLE = { mapped: 1_000, transcripts: 20_000, days: 180, projects: 60 };
const LARGE = { mapped: 10_000, transcripts: 200_000, days: 730, projects: 300 };
const AGENTS = {
  ...{ mapped: 1_000, transcripts: 1_200, days: 60, projects: 1 },
  ...{ only: 'claude', agents: 5_000 },
};

const ours = (...options) => [process.execPath, PROGRAM, ...options];
const BESIDE = {
  node: [process.execPath, '-e', '0'],
  minimal: [process.execPath, join(HERE, 'minimal.cjs')],
  find: ['find', ...TREES, '-type', 'f', '-printf', '%T@ %p\n'],
  script: ['python3', join(HERE, 'cleanup.py')],
};

const timesNode = (most) => ({
  text: `≤ ${most} × node`,
  value: ({ ours, node }) => ours.seconds / node.seconds,
  isReached: (value) => value <= most,
});
const timesMinimal = (most) => ({
  text: `≤ ${most} × minimal`,
  value: ({ ours, minimal }) => ours.seconds / minimal.seconds,
  isReached: (value) => value <= most,
});
const timesWalk = (most) => ({
  text: `≤ ${most} × (node + find)`,
  value: ({ ours, node, find }) => ours.seconds / (node.seconds + find.seconds),
  isReached: (value) => value <= most,
});
const fasterThanScript = (least) => ({
  text: `≥ ${least} × faster than the script`,
  value: ({ ours, script }) => script.seconds / ours.seconds,
  isReached: (value) => value >= least,
});
const memory = (most) => ({
  text: `≤ ${most} MB`,
  value: ({ ours }) => ours.bytes / 1024 ** 2,
  isReached: (value) => value <= most,
});

// The script would take minutes for each round in the large tree.
const WORKS = [
  { name: '`--version`', size: SMALL, options: ['--version'], goals: [timesNode(1.5)] },
  {
    name: 'dry run, 20 of 2,000',
    size: SMALL,
    options: ['--dry-run'],
    beside: ['minimal', 'find', 'script'],
    goals: [timesNode(2.4), timesMinimal(1.6)],
  },
  { name: 'clean run that removes one of these', size: SMALL, removes: 1, goals: [timesNode(3.7)] },
  { name: '`list` of these', size: SMALL, options: ['list'], goals: [timesNode(3.2)] },
  { name: '`doctor` on these', size: SMALL, options: ['doctor'], goals: [timesNode(2.8)] },
  {
    name: 'dry run, 1,000 of 20,000',
    size: MIDDLE,
    options: ['--dry-run'],
    beside: ['minimal', 'find', 'script'],
    goals: [fasterThanScript(27)],
  },
  {
    name: 'dry run, 10,000 of 200,000',
    size: LARGE,
    options: ['--dry-run'],
    beside: ['minimal', 'find'],
    goals: [timesWalk(0.55), memory(110)],
  },
  {
    name: 'clean run of it',
    size: LARGE,
    removes: 'all',
    beside: ['find'],
    goals: [timesWalk(1.2), memory(130)],
  },
  {
    name: 'dry run, 1,000 beside 5,000 sub-agent files',
    size: AGENTS,
    options: ['--dry-run'],
    goals: [timesNode(8), memory(80)],
  },
];

const root = mkdtempSync(join(tmpdir(), 'cleanup-bench-'));
const trees = new Map();
try {
  const works = WORKS.filter(({ size }) => !(quick && size === LARGE)).map(measureWork);
  const crossing = whereTheScriptFallsBehind();
  const big = quick ? MIDDLE : LARGE;
  const text = [
    `${machine()} The script is faster ${crossing}.`,
    timesTable(works),
    ...works.filter(({ results }) => results.some((one) => !one.isReached)).map(reasonOf),
    'With more mapped sessions in one tree, with more transcripts around the same mapped sessions, and with more sub-agent files in one folder:',
    growthTable(`mapped of ${count(big.transcripts)}`, [0.25, 0.5, 1], (part) => [
      part * big.mapped,
      homeOf({ ...big, mapped: part * big.mapped }, spread),
    ]),
    growthTable(`transcripts, ${count(big.mapped / 10)} mapped`, [0.25, 0.5, 1], (part) => [
      part * big.transcripts,
      homeOf({ ...big, mapped: big.mapped / 10, transcripts: part * big.transcripts }, spread),
    ]),
    growthTable('sub-agent files, 1,000 mapped', [0.5, 1, 2], (part) => [
      part * AGENTS.agents,
      homeOf({ ...AGENTS, agents: part * AGENTS.agents }, spread),
    ]),
    growthTable('mapped beside 5,000 sub-agent files', [0.5, 1, 2], (part) => [
      part * AGENTS.mapped,
      homeOf({ ...AGENTS, mapped: part * 1_000, transcripts: part * 1_200 }, spread),
    ]),
  ].join('\n\n');
  console.log(text);
  if (process.argv.includes('--write')) {
    putBetweenMarkers(join(HERE, 'README.md'), text);
    putBetweenMarkers(join(HERE, '../README.md'), shortText(works, crossing));
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

function measureWork(work) {
  const home = homeOf(work.size, work.size === AGENTS ? spread : mostlyRecent);
  if (work.beside?.includes('script')) checkSameDecisions(home);
  const options = work.options ?? ['--hours', String(thresholdFor(home, work.removes))];
  const names = ['node', ...(work.beside ?? [])];
  const programs = Object.fromEntries(names.map((name) => [name, BESIDE[name]]));
  const rounds = work.size === SMALL ? MANY * ROUNDS : ROUNDS;
  const measured = measure(home, { ours: ours(...options), ...programs }, rounds);
  const results = work.goals.map(({ text, value, isReached }) => {
    const reached = value(measured);
    return { text, value: reached, isReached: isReached(reached) };
  });
  return { ...work, home, options, measured, results };
}

/** A home with this many transcripts and a map of some of their sessions; each tree is made once. */
function homeOf({ mapped, agents = 0, ...size }, choose) {
  const dir = join(root, `${size.transcripts}-${agents}`);
  if (!trees.has(dir)) {
    const sessions = makeTree(dir, size);
    if (agents > 0) addSubAgents(dir, sessions, agents);
    trees.set(dir, sessions);
  }
  const sessionDir = join(dir, `bridge-${choose.name}-${mapped}`);
  writeMap(sessionDir, choose(trees.get(dir), mapped));
  copyFileSync(join(sessionDir, 'session_map.json'), join(sessionDir, 'before.json'));
  return { cwd: dir, sessionDir, env: { ...BARE, HOME: dir, CLAUDE_SESSION_DIR: sessionDir } };
}

/** The threshold in hours at which this many mappings are idle. */
function thresholdFor(home, removes) {
  if (removes === 'all') return 2;
  const { sessions } = JSON.parse(output(home, ours('list', '--json')));
  const hours = sessions.map(({ idleHours }) => idleHours).toSorted((one, other) => other - one);
  return (hours[removes - 1] + hours[removes]) / 2;
}

/** What makes a map as it was before the run that changed it. */
function asMade({ sessionDir }) {
  const left = ['session_map.removed.jsonl', 'session_map.last-run.json'];
  return {
    copies: [[join(sessionDir, 'before.json'), join(sessionDir, 'session_map.json')]],
    removals: left.map((name) => join(sessionDir, name)),
  };
}

/** Median wall-clock time (s) and peak memory (bytes) of each program, the map being as made each time. */
function measure(home, programs, rounds = ROUNDS) {
  const { cwd, env } = home;
  const task = {
    rounds,
    programs: Object.values(programs).map((argv) => ({ argv, cwd, env, ...asMade(home) })),
  };
  const runs = JSON.parse(
    execFileSync('python3', [join(HERE, 'measure.py')], {
      input: JSON.stringify(task),
      maxBuffer: Number.POSITIVE_INFINITY,
    }),
  );
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

function output({ cwd, env }, [command, ...options]) {
  const maxBuffer = Number.POSITIVE_INFINITY;
  return execFileSync(command, options, { cwd, env, encoding: 'utf8', maxBuffer });
}

function checkSameDecisions(home) {
  const { sessions } = JSON.parse(output(home, ours('--dry-run', '--json')));
  const idle = sessions
    .filter(({ action }) => action === 'would-remove')
    .map(({ provider, chat }) => `${provider} ${chat}`);
  const idleByHand = output(home, BESIDE.script).trim().split('\n');
  if (idle.length === 0 || idle.sort().join() !== idleByHand.sort().join()) {
    throw new Error(`${home.cwd}: the program and the script decide differently`);
  }
}

/** With how many mapped sessions the script is no faster any more, in words. */
function whereTheScriptFallsBehind() {
  const steps = [20, 40, 60, 80, 120, 160, 240].map((mapped) => {
    const home = homeOf({ ...SMALL, mapped }, mostlyRecent);
    const measured = measure(home, { ours: ours('--dry-run'), script: BESIDE.script });
    return { mapped, isFaster: measured.script.seconds < measured.ours.seconds };
  });
  const behind = steps.findIndex(({ isFaster }) => !isFaster);
  if (behind === 0) return 'nowhere in these trees';
  return behind === -1
    ? 'in all trees of 2,000 transcripts'
    : `with fewer than about ${steps[behind].mapped} mapped sessions of 2,000 transcripts`;
}

function timesTable(works) {
  const rows = works.map(({ name, measured, results }) => [
    name,
    ...['ours', 'node', 'minimal', 'find', 'script'].map((who) =>
      milliseconds(measured[who]?.seconds),
    ),
    megabytes(measured.ours.bytes),
    results
      .map((one) => `${one.text}: ${one.value.toFixed(2)}${one.isReached ? '' : ', not reached'}`)
      .join('; '),
  ]);
  const headings = ['', 'ours', '`node -e 0`', 'minimal', '`find`', 'script', 'memory', 'goal'];
  return table(headings, rows);
}

/** What a work that misses its goal spends its time on. */
function reasonOf({ name, home, options }) {
  const { copies, removals } = asMade(home);
  const parts = profileOf(home, ours(...options), () => {
    for (const [from, to] of copies) copyFileSync(from, to);
    for (const path of removals) rmSync(path, { force: true });
  });
  const rows = parts
    .filter(([, ms]) => ms >= 0.05)
    .map(([part, ms]) => [part, `${ms.toFixed(1)} ms`]);
  const heading = `Why not (${name}): where the time beyond Node's own start goes, from ten profiles; a profiled run is slower.`;
  return `${heading}\n\n${table(['part', 'time'], rows)}`;
}

/** What each row costs more than the first one, for each further one. */
function growthTable(heading, parts, of) {
  const measured = parts.map((part) => {
    const [n, home] = of(part);
    return { n, ...measure(home, { ours: ours('--dry-run') }).ours };
  });
  const [first] = measured;
  const rows = measured.map(({ n, seconds, bytes }, at) => [
    count(n),
    milliseconds(seconds),
    at === 0 ? '' : `${(((seconds - first.seconds) / (n - first.n)) * 1e6).toFixed(1)} µs`,
    megabytes(bytes),
  ]);
  return table([heading, 'time', 'per further one', 'memory'], rows);
}

function machine() {
  const type = execFileSync('findmnt', ['-no', 'FSTYPE', '-T', root], { encoding: 'utf8' }).trim();
  return (
    `Medians of ${ROUNDS} rounds (${MANY * ROUNDS} of the small tree), side by side in one run of \`npm run bench\`: ` +
    `${availableParallelism()} cores, Node ${process.versions.node}, ${type}, warm caches, a bare environment (PATH, ` +
    'HOME and CLAUDE_SESSION_DIR alone). `20 of 2,000` are mapped sessions and transcripts. Minimal is ' +
    '`minimal.cjs`, a script without packages that walks, looks at the times and reports; `find` prints the ' +
    'modification time of every transcript; the script is `cleanup.py`, which globs once for each mapped ' +
    'session, as people write it by hand, and decides the same (for the largest tree it takes minutes).'
  );
}

/** The README's: few words. */
function shortText(works, crossing) {
  const rows = works
    .filter(({ name, size }) => name.startsWith('dry run') && size !== AGENTS)
    .map(({ name, measured }) => [
      name.replace('dry run, ', ''),
      milliseconds(measured.ours.seconds),
      milliseconds(measured.script?.seconds) || 'minutes',
    ]);
  const note = `A Python script that globs for each session is faster ${crossing}.`;
  return `${table(['dry run', 'ours', 'script'], rows)}\n\n${note}`;
}

function putBetweenMarkers(path, text) {
  const readme = readFileSync(path, 'utf8');
  const [start, end] = ['<!-- bench -->\n', '<!-- /bench -->'];
  const [before, rest] = readme.split(start);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${path}: no place for the tables`);
  writeFileSync(path, `${before}${start}${text}\n${end}${after}`);
}

function table(headings, rows) {
  const lines = [headings, headings.map((_, at) => (at === 0 ? '---' : '---:')), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

function count(n) {
  return n.toLocaleString('en-US');
}

function milliseconds(seconds) {
  return seconds === undefined ? '' : `${count(Math.round(seconds * 1000))} ms`;
}

function megabytes(bytes) {
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}
