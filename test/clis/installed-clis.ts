/**
 * The three CLIs as npm delivers them, outside the project's own dependencies: installed once per
 * set of versions (about 870 MB) below `${XDG_CACHE_HOME:-~/.cache}/claude-session-cleanup/clis/`.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import versions from './versions.json';

const run = promisify(execFile);

// Where there is no network, it is soon said; CI, which skips nothing, has npm's own patience.
const RETRIES =
  process.env['CI'] === 'true' ? [] : ['--fetch-retries=1', '--fetch-retry-mintimeout=1000'];

/** The paths of their commands. */
export interface InstalledClis {
  readonly claude: string;
  readonly codex: string;
  readonly gemini: string;
}

/** The CLIs, or why there are none. */
export type Installation =
  | { readonly clis: InstalledClis; readonly problem: null }
  | { readonly clis: null; readonly problem: string };

/** Installs them unless an earlier run has; a failure is told, not thrown. */
export async function installClis(): Promise<Installation> {
  const folder = join(cacheFolder(), 'clis', versionsKey());
  try {
    if (!existsSync(folder)) await installInto(folder);
  } catch (error) {
    return { clis: null, problem: `the CLIs can't be installed from npm: ${reason(error)}` };
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
  await removeKilledInstalls(dirname(folder));
  const partial = await mkdtemp(`${folder}${PARTIAL}`);
  try {
    await writeFile(join(partial, 'package.json'), '{ "private": true }\n');
    const packages = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
    // No install scripts: Gemini's would compile terminal bindings that a headless run never loads.
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', ...RETRIES];
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

/** npm's own first lines about it, where it was npm. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stderr = 'stderr' in error ? String(error.stderr) : '';
  const lines = Array.from(stderr.matchAll(/^npm (?:error|ERR!) (\S.*)$/gm), ([, line]) => line);
  return lines.slice(0, 4).join('; ') || error.message;
}

const PARTIAL = '.partial-';
const HOUR_MS = 3_600_000;

/** What a killed install left behind; one that is under way is younger. */
async function removeKilledInstalls(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    if (!name.includes(PARTIAL)) continue;
    // Gone meanwhile: another run's, which has ended.
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > HOUR_MS) await rm(path, { recursive: true, force: true });
  }
}
