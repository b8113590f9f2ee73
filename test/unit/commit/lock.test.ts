import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeLock } from '../../../src/commit/lock.js';
import { EXIT } from '../../../src/errors.js';
import { hastenClock, inTurn, KERNEL, kernelThat, MapDirectory } from './map-directory.js';

function place(): { directory: string; path: string } {
  const { directory } = new MapDirectory({}).location;
  return { directory, path: join(directory, '.session_map.cleanup.lock') };
}

/** Whether somebody holds it. */
function isLocked(path: string): boolean {
  const file = openSync(path, 'r');
  const isFree = KERNEL.lock(file);
  closeSync(file);
  return !isFree;
}

describe('the lock', () => {
  it('keeps others out and is gone when it is given back', async () => {
    const { directory, path } = place();
    const release = await takeLock(directory, KERNEL);
    expect(isLocked(path)).toBe(true);
    hastenClock(1000);
    const second = takeLock(directory, KERNEL);
    await expect(second).rejects.toMatchObject({
      exitStatus: EXIT.locked,
      message: expect.stringMatching(
        `^another run holds ${path}; nothing was done; try again when it has ended$`,
      ),
    });
    release();
    expect(existsSync(path)).toBe(false);
    (await takeLock(directory, KERNEL))();
  });

  it('is waited for', async () => {
    const { directory } = place();
    let asked = 0;
    const lock = inTurn([() => false, () => false], (file: number) => {
      asked += 1;
      return KERNEL.lock(file);
    });
    (await takeLock(directory, kernelThat({ lock })))();
    expect(asked).toBe(1);
  });

  it('is taken anew when the one before has removed the file meanwhile', async () => {
    const { directory, path } = place();
    const lock = inTurn(
      [
        () => {
          unlinkSync(path);
          return true;
        },
        (file) => {
          unlinkSync(path);
          writeFileSync(path, 'of the next run');
          return KERNEL.lock(file);
        },
      ],
      KERNEL.lock,
    );
    const release = await takeLock(directory, kernelThat({ lock }));
    expect(isLocked(path)).toBe(true);
    release();
  });

  it.each([
    ['a link of version 1.0', (path: string) => symlinkSync('1 2 3 4', path)],
    ['a file that a killed run left', (path: string) => writeFileSync(path, '')],
  ])('takes the place of %s', async (_, leave) => {
    const { directory, path } = place();
    leave(path);
    const release = await takeLock(directory, KERNEL);
    expect(isLocked(path)).toBe(true);
    release();
  });

  it('is not taken where something else stands', async () => {
    const { directory, path } = place();
    mkdirSync(path);
    await expect(takeLock(directory, KERNEL)).rejects.toThrow(
      /can't be locked: is a directory; nothing/,
    );
  });

  it('is not to be had on a file system without locks, which is said', async () => {
    const { directory } = place();
    const lock = () => {
      throw Object.assign(new Error(), { code: 'ENOLCK' });
    };
    const tried = takeLock(directory, kernelThat({ lock }));
    await expect(tried).rejects.toThrow(/can't be locked: ENOLCK; [^\n]+has locks \(flock\)$/);
  });
});
