import { spawnSync } from 'node:child_process';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Home, uuid } from '../support/home.js';
import { describeWith } from '../support/requirements.js';

const PAGE = 4096;
const JOURNAL = 'session_map.removed.jsonl';

// The new map needs three pages, the journal more than one.
const BUSY = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`busy-${n}`, uuid(2)]));
const IDLE = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`idle-${n}`, uuid(1)]));
const OLD = JSON.stringify({ 'claude-cli': { ...IDLE, ...BUSY } });
const NEW = JSON.stringify({ 'claude-cli': BUSY });

/** A home whose map lies on a file system of its own. */
function homeWithDisk(options: string): Home {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.claude(uuid(2), 0.1);
  run('mount', '-t', 'tmpfs', '-o', `mode=0755,${options}`, 'tmpfs', home.sessionDir);
  onTestFinished(() => run('umount', home.sessionDir));
  home.writeMap(OLD);
  return home;
}

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

/** Fills the disk until so many pages are left. */
function fill(home: Home, pagesLeft: number): string {
  const filler = join(home.sessionDir, 'filler');
  const file = openSync(filler, 'w');
  const pages = Number(statfsSync(home.sessionDir).bavail) - pagesLeft;
  for (let page = 0; page < pages; page += 1) writeSync(file, Buffer.alloc(PAGE, 1));
  closeSync(file);
  expect(Number(statfsSync(home.sessionDir).bavail)).toBe(pagesLeft);
  return filler;
}

function identity(home: Home): unknown {
  const { ino, mtimeMs, ctimeMs } = lstatSync(home.mapPath);
  return { ino, mtimeMs, ctimeMs, text: home.mapText };
}

const ONE_ERROR = /^claude-session-cleanup: error: (\/[^:\n]+): [^\n]+\n$/;

describeWith({ root: true, commands: ['mount'] })('on a full disk', () => {
  it('at whatever step it is full, the map is the old one or the new one, and the next run goes on', async () => {
    const outcomes: string[] = [];
    for (let pages = 0; pages <= 12; pages += 1) {
      const home = homeWithDisk('size=256k');
      const filler = fill(home, pages);
      const before = identity(home);

      const { status, stdout, stderr } = await home.run(['-q']);

      expect(stdout).toBe('');
      if (status === 0) {
        expect({ map: home.mapText, stderr }).toEqual({ map: NEW, stderr: '' });
        outcomes.push('cleaned');
      } else {
        expect({ status, map: identity(home) }).toEqual({ status: 1, map: before });
        expect(stderr).toMatch(ONE_ERROR);
        expect(stderr).toContain('no space left');
        outcomes.push(stderr.includes(JOURNAL) ? 'no journal' : 'no new map');
      }
      expect(home.beside.filter((name) => name.startsWith('.'))).toEqual([]);

      rmSync(filler);
      expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });
      expect(home.mapText).toBe(NEW);
      expect(home.beside).toEqual(['session_map.json', 'session_map.last-run.json', JOURNAL]);
    }
    console.log(`with 0 to ${outcomes.length - 1} pages left: ${outcomes.join(', ')}`);
    expect(new Set(outcomes)).toEqual(new Set(['no new map', 'no journal', 'cleaned']));
  });

  it('a dry run still shows what would be done', async () => {
    const home = homeWithDisk('size=64k');
    fill(home, 0);
    expect((await home.runJson(['--dry-run'])).summary).toMatchObject({ wouldRemove: 20 });
  });

  it('what was removed before can still not be lost by restore', async () => {
    const home = homeWithDisk('size=256k');
    expect(await home.run(['-q'])).toMatchObject({ status: 0 });
    const filler = fill(home, 0);
    const before = identity(home);

    const { status, stderr } = await home.run(['restore', '--all', '-q']);

    expect(status).toBe(1);
    expect(stderr).toMatch(ONE_ERROR);
    expect(identity(home)).toEqual(before);
    rmSync(filler);
    expect(await home.run(['restore', '--all', '-q'])).toMatchObject({ status: 0, stderr: '' });
    expect(home.map).toEqual(JSON.parse(OLD));
  });

  it.each([0, 1, 2])('with room for %i more files the map is whole', async (files) => {
    const home = homeWithDisk('size=256k,nr_inodes=12');
    const names = Array.from({ length: 12 }, (_, n) => join(home.sessionDir, `file-${n}`));
    const made = names.filter((name) => canMake(name));
    for (const name of made.slice(0, files)) rmSync(name);
    const before = identity(home);

    const { status, stderr } = await home.run(['-q']);

    expect(status).toBe(1);
    expect(stderr).toMatch(ONE_ERROR);
    expect(identity(home)).toEqual(before);
    for (const name of made.slice(files)) rmSync(name);
    expect(await home.run(['-q'])).toMatchObject({ status: 0, stderr: '' });
    expect(home.mapText).toBe(NEW);
  });
});

describeWith({ root: true, commands: ['mount'] })('on a disk that may not be written', () => {
  it('the run says so and exits 1; a dry run and list look', async () => {
    const home = homeWithDisk('size=256k');
    run('mount', '-o', 'remount,ro', home.sessionDir);
    const before = identity(home);

    const { status, stderr } = await home.run(['-q']);
    const look = await home.run(['-q', '--dry-run']);
    const list = await home.run(['-q', 'list']);

    expect(status).toBe(1);
    expect(stderr).toMatch(ONE_ERROR);
    expect(stderr).toContain('the file system is read-only');
    expect([look, list]).toMatchObject([
      { status: 0, stderr: '' },
      { status: 0, stderr: '' },
    ]);
    expect(identity(home)).toEqual(before);
    expect(home.beside).toEqual(['session_map.json']);
  });
});

describeWith({ root: true, commands: ['mount'] })('a journal that cannot be written', () => {
  it.each([
    ['is a directory', (path: string) => mkdirSync(path)],
    ['is a device', (path: string) => bindOver(path, '/dev/null')],
    ['is full', (path: string) => bindOver(path, '/dev/full')],
    ['lies on a disk that may not be written', (path: string) => bindReadOnly(path)],
  ])('since it %s stops the run before the map is touched', async (_, spoil) => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap(OLD);
    const journal = join(home.sessionDir, JOURNAL);
    spoil(journal);
    const before = identity(home);

    const { status, stderr } = await home.run(['-q']);

    expect(status).toBe(1);
    expect(stderr).toMatch(ONE_ERROR);
    expect(stderr).toContain(`${journal}: can't`);
    expect(identity(home)).toEqual(before);
    expect(home.beside).toEqual(['session_map.json', 'session_map.last-run.json', JOURNAL]);
  });
});

function canMake(path: string): boolean {
  try {
    writeFileSync(path, '');
    return true;
  } catch {
    return false;
  }
}

function bindOver(path: string, source: string): void {
  writeFileSync(path, '');
  run('mount', '--bind', source, path);
  onTestFinished(() => run('umount', path));
}

function bindReadOnly(path: string): void {
  writeFileSync(path, '');
  bindOver(path, path);
  run('mount', '-o', 'remount,bind,ro', path);
}
