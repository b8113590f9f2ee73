import { spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { KERNEL, MapDirectory } from './map-directory.js';

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'cleanup-kernel-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function opened(path: string, flags: string): number {
  const file = openSync(path, flags);
  onTestFinished(() => closeSync(file));
  return file;
}

describe('the kernel', () => {
  it('exchanges two names', () => {
    const map = new MapDirectory({ a: '1' });
    const other = `${map.path}.other`;
    writeFileSync(other, 'other');
    expect(KERNEL.exchange(map.path, other)).toBe(true);
    expect(readFileSync(map.path, 'utf8')).toBe('other');
    expect(() => KERNEL.exchange(map.path, `${other}?`)).toThrow(/ENOENT/);
  });

  it('grants a lease while nobody has the file open for writing, and tells when somebody comes', () => {
    const { path } = new MapDirectory({});
    const writer = openSync(path, 'r+');
    const file = opened(path, 'r');
    expect(KERNEL.takeReadLease(file)).toBe('refused');
    closeSync(writer);
    expect(KERNEL.takeReadLease(file)).toBe('granted');
    expect(KERNEL.isLeaseWhole(file)).toBe(true);
    // One that does not wait is refused, and has been seen.
    const open = `import os; os.open(${JSON.stringify(path)}, os.O_WRONLY | os.O_NONBLOCK)`;
    expect(spawnSync('python3', ['-c', open], { encoding: 'utf8' }).stderr).toContain('Blocking');
    expect(KERNEL.isLeaseWhole(file)).toBe(false);
  });

  it('locks a file for one at a time', () => {
    const { path } = new MapDirectory({});
    const [one, two] = [opened(path, 'r+'), opened(path, 'r+')];
    expect(KERNEL.lock(one)).toBe(true);
    expect(KERNEL.lock(two)).toBe(false);
    expect(() => KERNEL.lock(-1)).toThrow(/EBADF/);
  });

  it('copies and removes attributes', () => {
    const [from, to] = [new MapDirectory({}), new MapDirectory({})].map(({ path }) =>
      opened(path, 'r+'),
    );
    const set = `import os, sys; os.setxattr(int(sys.argv[1]), 'user.note', bytes([0, 1, 255]))`;
    spawnSync('python3', ['-c', set, '3'], { stdio: ['ignore', 'pipe', 'pipe', from] });
    expect(KERNEL.attributesOf(from ?? 0)).toEqual(['user.note']);
    KERNEL.copyAttribute(from ?? 0, to ?? 0, 'user.note');
    const get = `import os, sys; print(os.getxattr(3, 'user.note'))`;
    const { stdout } = spawnSync('python3', ['-c', get], {
      stdio: ['ignore', 'pipe', 'pipe', to],
      encoding: 'utf8',
    });
    expect(stdout).toBe("b'\\x00\\x01\\xff'\n");
    KERNEL.removeAttribute(to ?? 0, 'user.note');
    expect(KERNEL.attributesOf(to ?? 0)).toEqual([]);
    expect(() => KERNEL.copyAttribute(to ?? 0, from ?? 0, 'user.note')).toThrow(/ENODATA/);
  });
});

function whyNot(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

describe('koffi', () => {
  const RUN =
    "require('fs').writeFileSync(__dirname + '/ran', ''); throw new Error('ours\\nbut broken');";

  /** A package with a stand-in for koffi in this directory, and what becomes of loading it. */
  async function loadedFrom(
    root: string,
    place: string,
    owner?: number,
  ): Promise<string | undefined> {
    mkdirSync(root, { recursive: true });
    const koffi = join(place, 'node_modules/koffi');
    mkdirSync(koffi, { recursive: true });
    for (const name of ['index.js', 'index.cjs', 'indirect.cjs'])
      writeFileSync(join(koffi, name), RUN);
    if (owner !== undefined) chownSync(koffi, owner, owner);
    vi.resetModules();
    const fresh = await import('../../../src/commit/kernel.js');
    const problem = whyNot(() => fresh.loadKernel(root));
    const ran = spawnSync('ls', [join(koffi, 'ran')]).status === 0;
    expect(problem?.split('\n')).toHaveLength(1);
    expect(problem).toContain(ran ? '(ours)' : 'it is not in');
    return ran ? 'run' : 'not run';
  }

  it('is loaded from the package itself, and from beside it where npm puts it', async () => {
    const [one, two] = [directory(), directory()];
    expect(await loadedFrom(one, one)).toBe('run');
    expect(await loadedFrom(join(two, 'node_modules/program'), two)).toBe('run');
  });

  it('is not loaded from above the package', async () => {
    const above = directory();
    expect(await loadedFrom(join(above, 'program'), above)).toBe('not run');
    const beside = directory();
    expect(await loadedFrom(join(beside, 'node_modules/x/program'), beside)).toBe('not run');
  });

  it.runIf(process.geteuid?.() === 0)("is not loaded when another user's", async () => {
    const beside = directory();
    expect(await loadedFrom(join(beside, 'node_modules/program'), beside, 54_001)).toBe('not run');
  });
});
