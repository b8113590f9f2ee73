import {
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockHolder, takeLock } from '../../../src/commit/lock.js';
import { EXIT } from '../../../src/errors.js';
import { hastenClock, inTurn, KERNEL, kernelThat, MapDirectory } from './map-directory.js';

function place(): { directory: string; path: string } {
  const { directory } = new MapDirectory({}).location;
  return { directory, path: join(directory, '.session_map.cleanup.lock') };
}

describe('the lock', () => {
  it('names who holds it, keeps others out and is gone when it is given back', async () => {
    const { directory, path } = place();
    expect(lockHolder(directory, KERNEL)).toBeUndefined();
    const release = await takeLock(directory, KERNEL);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    expect(lockHolder(directory, KERNEL)).toBe(`process ${process.pid}`);
    hastenClock(1000);
    const second = takeLock(directory, KERNEL);
    await expect(second).rejects.toMatchObject({
      exitStatus: EXIT.locked,
      message: expect.stringMatching(`another run \\(process ${process.pid}\\) holds ${path}; `),
    });
    release();
    expect(existsSync(path)).toBe(false);
    (await takeLock(directory, KERNEL))();
  });

  it('is waited for', async () => {
    const { directory } = place();
    let asked = 0;
    const lock = inTurn(
      [() => false, () => false],
      (file: number, kind: 'exclusive' | 'shared') => {
        asked += 1;
        return KERNEL.lock(file, kind);
      },
    );
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
        (file, kind) => {
          unlinkSync(path);
          writeFileSync(path, 'of the next run');
          return KERNEL.lock(file, kind);
        },
      ],
      KERNEL.lock,
    );
    const release = await takeLock(directory, kernelThat({ lock }));
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    release();
  });

  it.each([
    ['a link of version 1.0', (path: string) => symlinkSync('1 2 3 4', path)],
    ['a file that a killed run left', (path: string) => writeFileSync(path, '123456\n')],
  ])('takes the place of %s', async (_, leave) => {
    const { directory, path } = place();
    leave(path);
    const release = await takeLock(directory, KERNEL);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
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
