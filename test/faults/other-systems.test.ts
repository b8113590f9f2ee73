import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Home, uuid } from '../support/home.js';
import { installedNode, installedProgram } from '../support/program.js';
import { refusing } from '../support/refusing.js';
import { describeWith } from '../support/requirements.js';
import { homeToClean, NEW, OLD } from './home-to-clean.js';
import { runTraced } from './traced.js';

const WEAKER =
  /^claude-session-cleanup: warning: [^\n]+replaced in the weaker way[^\n]+can be lost\n$/;

function failing(...injections: readonly string[]): string[] {
  const calls = injections.map((one) => one.split(':', 1)[0]);
  return [
    '-e',
    `trace=${calls.join(',')}`,
    ...injections.flatMap((one) => ['-e', `inject=${one}`]),
  ];
}

function leftIn(home: Home): string[] {
  return home.beside.filter((name) => name.startsWith('.'));
}

describeWith({ commands: ['python3'] })('the weaker way', () => {
  it.each([
    ['names can not be exchanged', 'exchange=EINVAL', "can't exchange two names"],
    ['a sandbox forbids the exchange', 'exchange=EPERM', "can't exchange two names"],
    ['leases are not to be had', 'lease=EINVAL', "can't make others wait"],
    ['every lease is refused, as on NFS', 'lease=EAGAIN', "can't make others wait"],
  ])('is used where %s; the run and doctor say so', async (_, refusal, why) => {
    const home = homeToClean();
    const through = refusing(refusal);
    const { status, stderr } = await home.run(['-q'], { through });
    expect({ status, map: home.map, left: leftIn(home) }).toEqual({
      status: 0,
      map: NEW,
      left: [],
    });
    expect(stderr).toMatch(WEAKER);
    expect(stderr).toContain(why);
    // The next one has nothing to remove, and knows what was.
    expect(await home.run(['-q'], { through })).toMatchObject({ status: 0, stderr: '' });
    expect((await home.run(['doctor'])).stdout.replaceAll(/\s+/g, ' ')).toContain(why);
  });
});

describeWith({ commands: ['strace'] })('a map is cleaned where', () => {
  it.each([
    ['there are no hard links', ['renameat2:error=EINVAL', '?link,linkat:error=EACCES'], WEAKER],
    ['there are no symbolic links', ['?symlink,symlinkat:error=EOPNOTSUPP'], /^$/],
    ['no mode can be set', ['fchmod,?chmod,fchmodat:error=EPERM'], /^$/],
  ])('%s', async (_, injections, said) => {
    const home = homeToClean();
    chmodSync(home.mapPath, 0o600);
    const { status, stderr } = await runTraced(home, failing(...injections), ['-q']).finished;
    expect({ status, map: home.map, left: leftIn(home) }).toEqual({
      status: 0,
      map: NEW,
      left: [],
    });
    expect(stderr).toMatch(said);
  });

  it('no mode can be set, but not by losing the one that it has', async () => {
    const home = homeToClean();
    chmodSync(home.mapPath, 0o640);
    const { status, stderr } = await runTraced(home, failing('fchmod:error=EPERM'), ['-q'])
      .finished;
    expect({ status, map: home.map, left: leftIn(home) }).toEqual({
      status: 1,
      map: OLD,
      left: [],
    });
    expect(stderr).toMatch(/can't be written: operation not permitted; the map is unchanged\n$/);
  });
});

describeWith({ root: true, commands: ['unshare'] })('a map is cleaned where /proc', () => {
  it('shows processes only', async () => {
    const home = homeToClean();
    const mounted = 'mount -t proc -o subset=pid proc /proc && exec "$@"';
    const through = ['unshare', '-m', 'sh', '-c', mounted, 'sh'];
    expect(await home.run(['-q'], { through })).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual(NEW);
  });
});

describeWith({ commands: ['strace', 'timeout'] })('a log whose disk fails', () => {
  it.each(['EIO', 'ENOSPC', 'EDQUOT'])('(%s) does not keep the run from its end', (error) => {
    const home = homeToClean();
    const log = join(home.dir, 'log');
    writeFileSync(log, '');
    const strace = [
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-P',
      log,
      ...failing(`fsync,fdatasync:error=${error}`),
    ];
    // Many times what a run takes.
    const line = ['-s', 'KILL', '60', 'strace', ...strace, installedNode(), installedProgram()];
    const { status } = spawnSync(
      'sh',
      ['-c', `exec "$@" >>${log} 2>&1`, 'sh', 'timeout', ...line],
      {
        env: { PATH: process.env['PATH'], HOME: home.dir, CLAUDE_SESSION_DIR: home.sessionDir },
      },
    );
    expect({ status, map: home.map }).toEqual({ status: 0, map: NEW });
    expect(readFileSync(log, 'utf8')).toContain('Cleaned up: 1 mapping');
  });
});

describeWith({ commands: ['python3'] })("a map's attributes", () => {
  it('are those of the cleaned map', async () => {
    const home = homeToClean();
    const python = (script: string): string =>
      spawnSync('python3', ['-c', `import os, sys\np = sys.argv[1]\n${script}`, home.mapPath], {
        encoding: 'utf8',
      }).stdout;
    python(
      "os.setxattr(p, 'user.owner', b'bridge'); os.setxattr(p, 'user.note', bytes(range(256)) * 4)",
    );
    const attributes = () =>
      python('print(sorted((n, os.getxattr(p, n)) for n in os.listxattr(p)))');
    const before = attributes();
    expect(before).toContain('user.note');
    expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual(NEW);
    expect(attributes()).toBe(before);
  });
});

describe('an installation without koffi', () => {
  it('removes nothing and says so in one line; a dry run looks', async () => {
    const home = homeToClean();
    const root = dirname(dirname(installedProgram()));
    const copy = join(home.dir, 'program');
    mkdirSync(copy);
    for (const part of ['bin', 'dist', 'package.json']) {
      cpSync(join(root, part), join(copy, part), { recursive: true });
    }
    const run = (...args: string[]) =>
      spawnSync(installedNode(), [join(copy, 'bin/claude-session-cleanup.js'), ...args], {
        env: { HOME: home.dir, CLAUDE_SESSION_DIR: home.sessionDir },
        encoding: 'utf8',
      });
    const { status, stdout, stderr } = run();
    expect({ status, stdout, map: home.map }).toEqual({ status: 1, stdout: '', map: OLD });
    expect(stderr).toMatch(
      /^claude-session-cleanup: error: the package koffi[^\n]+nothing was changed[^\n]+\n$/,
    );
    expect(run('--dry-run')).toMatchObject({ status: 0, stderr: '' });
    expect(run('doctor').stdout).toContain('koffi');
    expect(home.map).toEqual({ 'claude-cli': { idle: uuid(1), busy: uuid(2) } });
  });
});
