// Tells from V8's own profiles what a run spends its time on.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROFILES = 10;
const PRELOADED = join(import.meta.dirname, 'profiled.cjs');

// The first part that a sample's innermost frames tell of. The bundle names a module's start by its file.
const PARTS = [
  ['collecting garbage', ({ functionName }) => functionName === '(garbage collector)'],
  ['waiting', ({ functionName }) => functionName === '(idle)'],
  ['V8 parses the bundle', ({ functionName }) => functionName === 'wrapSafe'],
  ['loading koffi', ({ functionName }) => /^(loadKernel|requireOwn|bind)\d*$/.test(functionName)],
  ['asking other programs', ({ functionName }) => functionName === 'spawnSync'],
  ['looking for running CLIs', ({ functionName }) => /^runningSessions\d*$/.test(functionName)],
  ['the walk: reading directories', ({ functionName }) => functionName === 'readdir'],
  ['the walk: the rest', ({ functionName }) => /^sweep\d*$/.test(functionName)],
  ['starting the modules', ({ functionName }) => /^(node_modules|src)\//.test(functionName)],
  [
    'the options (commander)',
    ({ functionName }) => /^(program|optionsFrom)\d*$/.test(functionName),
  ],
];
const REST = 'map, decision, report';

/**
 * @param {{ cwd: string, env: Record<string, string> }} home
 * @param {string[]} command Node and its arguments
 * @param {() => void} before makes the map as it was, before each run
 * @returns {[string, number][]} the parts of the run and their time in ms, without Node's own start
 */
export function profileOf(home, [node, ...args], before) {
  const directory = mkdtempSync(join(tmpdir(), 'cleanup-profile-'));
  try {
    for (let run = 0; run < PROFILES; run += 1) {
      const env = { ...home.env, PROFILE: join(directory, String(run)) };
      before();
      execFileSync(node, ['--require', PRELOADED, ...args], {
        ...{ cwd: home.cwd, env, stdio: 'ignore' },
      });
    }
    const total = new Map([...PARTS.map(([part]) => part), REST].map((part) => [part, 0]));
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
    const stack = [];
    for (let id = sample; id !== undefined; id = parents.get(id)) stack.push(frames.get(id));
    const found = stack.flatMap((frame) => PARTS.filter(([, isPart]) => isPart(frame)));
    const isOurs = stack.some(({ url }) => url.includes('/dist/'));
    const part = found[0]?.[0] ?? (isOurs ? REST : undefined);
    if (part !== undefined) total.set(part, total.get(part) + timeDeltas[at]);
  });
}
