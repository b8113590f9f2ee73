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

/** The package, and a home with one idle session and one that is active. */
async function installedBesideAHome(...flags: string[]) {
  const folder = await install(...flags);
  const home = new Home();
  home.claude(uuid(1), 5);
  home.claude(uuid(2), 0.1);
  home.writeMap({ 'claude-cli': { a: uuid(1), b: uuid(2) } });
  return {
    npx: (args: string[]) =>
      run('npx', ['--no-install', 'claude-session-cleanup', ...args], { cwd: folder }),
    home,
    dirs: ['-d', home.sessionDir, '--claude-dir', join(home.dir, '.claude')],
  };
}

describe('the published package', () => {
  it('holds only what runs', () => {
    const parts = new Set(packedFiles.map((path) => path.split('/')[0]));
    expect([...parts].sort()).toEqual([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'bench',
      'bin',
      'dist',
      'package.json',
      'scripts',
      'systemd',
    ]);
    expect(packedFiles.filter((path) => path.startsWith('dist/'))).toEqual([
      'dist/THIRD-PARTY-LICENSES.txt',
      'dist/claude-session-cleanup.1',
      'dist/clean.js',
      'dist/cli.js',
      'dist/completions/claude-session-cleanup.bash',
      'dist/completions/claude-session-cleanup.fish',
      'dist/completions/claude-session-cleanup.zsh',
      'dist/doctor.js',
      'dist/errors.js',
      'dist/json.schema.json',
      'dist/kernel.js',
      'dist/list.js',
      'dist/locked.js',
      'dist/metrics.js',
      'dist/restore.js',
      'dist/terminal.js',
    ]);
    const scripts = packedFiles.filter((path) => path.startsWith('scripts/'));
    expect(scripts.filter((path) => !/^scripts\/(install|pictures)\//.test(path))).toEqual([
      'scripts/install.sh',
    ]);
  });

  it('has what its README shows and links to', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, target = '']) => target);
    const own = links.filter((target) => !target.startsWith('https:'));
    expect(own.length).toBeGreaterThan(3);
    for (const target of own) expect(packedFiles).toContain(target);
  });

  it('says where it comes from and what it runs on', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(manifest.os).toEqual(['linux']);
    for (const url of [manifest.repository.url, manifest.bugs.url, manifest.homepage]) {
      expect(url).toMatch(/^(git\+)?https:\/\/github\.com\//);
    }
  });

  it('installs into an empty folder and cleans', async () => {
    const { npx, home, dirs } = await installedBesideAHome();
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect((await npx(['--version'])).stdout).toBe(`${version}\n`);
    expect((await npx(['completion', 'bash'])).stdout).toContain('complete -F');
    expect((await npx(['list', ...dirs])).stdout).toMatch(/^claude-cli +a +01010101 .* idle /m);
    const { stdout } = await npx(dirs);
    expect(stdout).toContain('Cleaned up: 1 mapping');
    expect(home.map).toEqual({ 'claude-cli': { b: uuid(2) } });
  });

  it('says in one line that its native part is missing, and removes nothing', async () => {
    const { npx, home, dirs } = await installedBesideAHome('--omit=optional', '--ignore-scripts');
    const before = home.map;
    expect((await npx(['list', ...dirs])).stdout).toContain(' idle ');
    const failed = await npx(dirs).catch((error) => error);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^[^\n]*koffi[^\n]*\n$/),
    });
    expect(home.map).toEqual(before);
  });

  it('installs program and manual page where a global installation has them', async () => {
    const prefix = mkdtempSync(join(scratch, 'global-'));
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', '--global', '--prefix', prefix, ...quiet, tarball]);
    const page = readFileSync(join(prefix, 'share/man/man1/claude-session-cleanup.1'), 'utf8');
    expect(page).toMatch(/^\.TH CLAUDE-SESSION-CLEANUP 1 /);
    const program = join(prefix, 'bin/claude-session-cleanup');
    expect((await run(program, ['--help'])).stdout).toContain('Usage: claude-session-cleanup');
  });
});
