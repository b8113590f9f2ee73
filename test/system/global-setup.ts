import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { run } from './command.js';
import { missingRequirement } from './requirements.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A tar file of the package as npm installs it, with its native dependency. */
    readonly packageTar: string;
  }
}

const ROOT = join(import.meta.dirname, '../..');

/** Says why there is nothing to test, or makes what all tests install. */
export default async function setUp(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const missing = missingRequirement();
  if (missing !== undefined) {
    if (process.env['CI'] === 'true') throw new Error(`the system tests can't run: ${missing}`);
    console.warn(`the system tests are skipped: ${missing}`);
    project.provide('packageTar', '');
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'system-test-'));
  project.provide('packageTar', await pack(folder));
  return () => rm(folder, { recursive: true });
}

async function pack(folder: string): Promise<string> {
  await run(['npm', 'pack', ROOT, '--ignore-scripts', '--silent', '--pack-destination', folder]);
  const [tgz = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  const tar = join(folder, 'package.tar');
  await run([
    'sh',
    '-euc',
    `cd "$1" && tar -xzf "$2" && mkdir package/node_modules
     for name in koffi @koromix; do cp -r "$3/node_modules/$name" package/node_modules; done
     tar -cf "$4" package`,
    'sh',
    ...[folder, tgz, ROOT, tar],
  ]);
  return tar;
}
