// Tells from V8's own profiles what a run spends its time on.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROFILES = 10;

const OUR_PART = /^(clean|cleanText|examine|locateMap|print|readJournal|readMap(ped)?)$/;

// The first part that a sample's innermost frames tell of. The bundle names a module's start by its file.
const PARTS = [
  ['V8 parses the bundle', ({ functionName }) => functionName === 'wrapSafe'],
  ['the walk: reading directories', ({ functionName }) => functionName === 'readdir'],
  ['the walk: the rest', ({ functionName }) => functionName === 'sweep'],
  ['starting the modules', ({ functionName }) => /^(node_modules|src)\//.test(functionName)],
  ['the options (commander)', ({ functionName }) => /^(program\d*|parseAsync)$/.test(functionName)],
  ['map, decision, report', ({ functionName }) => OUR_PART.test(functionName)],
  ['collecting garbage', ({ functionName }) => functionName === '(garbage collector)'],
];

/**
 * @param {{ cwd: string, env: Record<string, string> }} home
 * @param {string[]} command Node and its arguments
 * @returns {[string, number][]} the parts of the run and their time in ms, without Node's own start
 */
export function profileOf({ cwd, env }, [node, ...args]) {
  const directory = mkdtempSync(join(tmpdir(), 'cleanup-profile-'));
  try {
    const options = ['--cpu-prof', '--cpu-prof-interval=100', `--cpu-prof-dir=${directory}`];
    for (let run = 0; run < PROFILES; run += 1) {
      execFileSync(node, [...options, ...args], { cwd, env });
    }
    const total = new Map(PARTS.map(([part]) => [part, 0]));
    for (const name of readdirSync(directory)) {
      addTo(total, JSON.parse(readFileSync(join(directory, name), 'utf8')));
    }
    return [...total].map(([part, microseconds]) => [part, microseconds / 1000 / PROFILES]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function addTo(total, { nodes, samples, timeDeltas }) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((at) => [at, id])));
  samples.forEach((sample, at) => {
    for (let id = sample; id !== undefined; id = parents.get(id)) {
      const part = PARTS.find(([, isPart]) => isPart(frames.get(id)));
      if (part === undefined) continue;
      total.set(part[0], total.get(part[0]) + timeDeltas[at]);
      return;
    }
  });
}
