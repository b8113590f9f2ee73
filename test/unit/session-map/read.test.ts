import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { readMap, readOnce } from '../../../src/session-map/read.js';

const TEXT = '{"claude-cli": {"a": "1"}}';

let path: string;
beforeEach(() => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'read-')));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  path = join(directory, 'session_map.json');
});

describe('the map', () => {
  it('is read with its bytes and its stats', async () => {
    writeFileSync(path, TEXT);
    const read = await readMap(path);
    expect(read?.bytes.toString()).toBe(TEXT);
    expect(read?.stats.ino).toBe(statSync(path).ino);
    expect(read?.map.text).toBe(TEXT);
  });

  it('is none where there is no file, and no directory for it', async () => {
    expect(await readMap(path)).toBeUndefined();
    expect(await readMap(join(path, 'deeper'))).toBeUndefined();
    writeFileSync(path, TEXT);
    expect(await readMap(join(path, 'deeper'))).toBeUndefined();
    expect(readOnce(`${path}.other`)).toBeUndefined();
  });

  it('is left open by no reading', async () => {
    writeFileSync(path, TEXT);
    const open = readdirSync('/proc/self/fd').length;
    await readMap(path);
    expect(() => readOnce(dirname(path))).toThrow('is not a regular file');
    expect(readdirSync('/proc/self/fd')).toHaveLength(open);
  });

  it('is held once as long as it is the same, and read anew when it is not', async () => {
    writeFileSync(path, TEXT);
    const first = await readMap(path);
    rmSync(path);
    writeFileSync(path, TEXT);
    const again = await readMap(path, first);
    expect([again?.map, again?.bytes]).toEqual([first?.map, first?.bytes]);
    expect(again?.map).toBe(first?.map);
    expect(again?.stats.ino).toBe(statSync(path).ino);
    writeFileSync(path, TEXT.replace('1', '2'));
    expect((await readMap(path, first))?.map.text).toBe(TEXT.replace('1', '2'));
  });

  it.each(['', TEXT.slice(0, 20)])('is waited for while %j stands there', async (half) => {
    writeFileSync(path, half);
    const reading = readMap(path);
    await sleep(100);
    writeFileSync(path, TEXT);
    expect((await reading)?.map.text).toBe(TEXT);
  });
});

describe('an error that names the file and says what to do', () => {
  it('is a map that stays half-written', async () => {
    writeFileSync(path, '{"a"');
    await expect(readMap(path)).rejects.toThrow(
      `${path}: is not valid JSON (it ends too early); left untouched; if no bridge is writing it now, repair it`,
    );
    expect(readFileSync(path, 'utf8')).toBe('{"a"');
  });

  it('is one that changes all the time', async () => {
    // Of another content each time that it is read.
    const changing = '/proc/sys/kernel/random/uuid';
    await expect(readMap(changing)).rejects.toThrow(`${changing}: changes all the time`);
  });

  it('is JSON that is no map', async () => {
    writeFileSync(path, '[]');
    await expect(readMap(path)).rejects.toThrow(
      `${path}: holds an array where a session map is a JSON object; left untouched; is it the bridge's map?`,
    );
  });

  it('is a directory', async () => {
    mkdirSync(path);
    await expect(readMap(path)).rejects.toThrow(`${path}: is not a regular file; left untouched`);
  });

  it('is a link, which nobody has followed', async () => {
    symlinkSync('/etc/hostname', path);
    await expect(readMap(path)).rejects.toThrow(
      `${path}: can't be read: too many symbolic links; left untouched; run as the user that the bridge runs as`,
    );
  });
});
