import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const SOURCE = resolve(import.meta.dirname, '../../src');

/** The stages, the highest first. What stands in src itself belongs to none. */
const STAGES = [
  'commands',
  'options',
  'clean',
  'metrics',
  'report',
  'doctor',
  'sessions',
  'bridge',
  'commit',
  'providers',
  'journal',
  'session-map',
  'output',
  'system',
];

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, imports: importsOf(path) }));

/** The files of ours that a file imports, below src. */
function importsOf(path: string): string[] {
  const text = readFileSync(join(SOURCE, path), 'utf8');
  const specifiers = [...text.matchAll(/(?:from |import\(|import )'(\.[^']+)\.js'/g)];
  return specifiers.map(([, target]) =>
    relative(SOURCE, resolve(SOURCE, dirname(path), `${target}.ts`)),
  );
}

const stageOf = (path: string): string => path.split('/').slice(0, -1).join('/');

it('every folder is a stage', () => {
  const folders = new Set(files.map(({ path }) => stageOf(path)).filter((stage) => stage !== ''));
  expect([...folders].sort()).toEqual([...STAGES].sort());
});

it('a stage imports only what stands below it', () => {
  const upwards = files.flatMap(({ path, imports }) =>
    imports
      .map(stageOf)
      .filter((stage) => stage !== '' && STAGES.indexOf(stage) < STAGES.indexOf(stageOf(path)))
      .map((stage) => `${path} > ${stage}`),
  );
  expect(upwards).toEqual([]);
});

it('of what stands in src itself the stages import the errors and the name alone', () => {
  const inSource = files
    .filter(({ path }) => stageOf(path) !== '')
    .flatMap(({ imports }) => imports.filter((target) => stageOf(target) === ''));
  expect([...new Set(inSource)].sort()).toEqual(['errors.ts', 'name.ts']);
});

it('no file imports itself by way of others', () => {
  const importing = new Map(files.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const circles: string[] = [];
  const follow = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' > '));
    if (way.includes(path) || done.has(path)) return;
    for (const target of importing.get(path) ?? []) follow(target, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) follow(path, []);
  expect(circles).toEqual([]);
});
