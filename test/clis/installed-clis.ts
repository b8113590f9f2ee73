/**
 * The three CLIs as npm delivers them, outside the project's own dependencies: installed once per
 * set of versions (about 870 MB) below `${XDG_CACHE_HOME:-~/.cache}/claude-session-cleanup/clis/`.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import versions from './versions.json';

const run = promisify(execFile);

export interface InstalledClis {
  readonly claude: string;
  readonly codex: string;
  readonly gemini: string;
}

export type Installation =
  | { readonly clis: InstalledClis; readonly problem: null }
  | { readonly clis: null; readonly problem: string };

export async function installClis(): Promise<Installation> {
  const folder = join(cacheFolder(), 'clis', versionsKey());
  try {
    if (!existsSync(folder)) await installInto(folder);
  } catch (error) {
    const [line] = String(error instanceof Error ? error.message : error).split('\n');
    return { clis: null, problem: `the CLIs can't be installed from npm: ${line}` };
  }
  const bin = join(folder, 'node_modules', '.bin');
  return {
    clis: { claude: join(bin, 'claude'), codex: join(bin, 'codex'), gemini: join(bin, 'gemini') },
    problem: null,
  };
}

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'claude-session-cleanup');
}

function versionsKey(): string {
  const names = Object.entries(versions).map(([name, version]) => {
    return `${name.replace(/^.*\//, '')}-${version}`;
  });
  return [...names, process.platform, process.arch].join('_');
}

/** All or nothing: into a folder beside it, then renamed. */
async function installInto(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const partial = await mkdtemp(`${folder}.partial-`);
  try {
    await writeFile(join(partial, 'package.json'), '{ "private": true }\n');
    const packages = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
    // No install scripts: Gemini's would compile terminal bindings that a headless run never loads.
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1'];
    const limits = { timeout: 300_000, maxBuffer: 2 ** 26 };
    await run('npm', ['install', ...flags, '--prefix', partial, ...packages], limits);
    // Claude's is needed: it puts the platform's own binary into place (which needs no Node at
    // all, whatever its package.json says about Node 22).
    const claude = join(partial, 'node_modules/@anthropic-ai/claude-code');
    await run(process.execPath, [join(claude, 'install.cjs')], limits);
    await rename(partial, folder);
  } catch (error) {
    // Another run may have been faster: its folder is as good as ours.
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
