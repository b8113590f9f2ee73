import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

let scratch: string;
let tarball: string;
let packedFiles: string[];

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'cleanup-packed-'));
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch];
  const { stdout } = await run('npm', pack, { cwd: ROOT });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  tarball = join(scratch, packed?.filename ?? '');
  packedFiles = (packed?.files ?? []).map(({ path }) => path).sort();
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Installs the tarball into an empty folder. */
async function install(...flags: string[]): Promise<string> {
  const folder = mkdtempSync(join(scratch, 'installed-'));
  writeFileSync(join(folder, 'package.json'), '{}');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', ...quiet, ...flags, tarball], { cwd: folder });
  return folder;
}

describe('the published package', () => {
  it('holds only what runs', () => {
    const parts = new Set(packedFiles.map((path) => path.split('/')[0]));
    expect([...parts].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'dist',
      'package.json',
      'scripts',
      'systemd',
    ]);
    expect(packedFiles.filter((path) => path.startsWith('dist/'))).toEqual([
      'dist/THIRD-PARTY-LICENSES.txt',
      'dist/cli.js',
    ]);
    expect(packedFiles.filter((path) => path.startsWith('scripts/'))).toEqual([
      'scripts/install.sh',
    ]);
  });

  it.each([
    ['with all of its dependencies', []],
    ['without the optional ones', ['--omit=optional']],
  ])('installs %s into an empty folder and cleans', async (_name, flags) => {
    const folder = await install(...flags);
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const npx = (args: string[], env = process.env) =>
      run('npx', ['--no-install', 'claude-session-cleanup', ...args], { cwd: folder, env });
    expect((await npx(['--version'])).stdout).toBe(`${version}\n`);

    const home = new Home();
    home.claude(uuid(1), 5);
    home.claude(uuid(2), 0.1);
    home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
    const dirs = ['-d', home.sessionDir, '--claude-dir', join(home.dir, '.claude')];
    const { stdout } = await npx(dirs);
    expect(stdout).toContain('Cleaned up: 1 mappings');
    expect(home.map).toEqual({ 'claude-cli': { b: uuid(2) } });
  });
});
