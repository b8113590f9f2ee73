import { createHash } from 'node:crypto';
import { fstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../../src/commit/kernel.js';
import { clearLeftovers } from '../../../src/commit/leftovers.js';
import { Problems } from '../../../src/output/problems.js';
import { hastenClock, KERNEL, kernelThat, MapDirectory } from './map-directory.js';

const OLD = '{"claude-cli":{"idle":"1","busy":"2"}}';
const NEW = '{"claude-cli":{"busy":"2"}}';
const THEIRS = '{"claude-cli":{"idle":"1","busy":"2","added":"3"}}';
const NEWEST = '{"claude-cli":{"busy":"2","newest":"4"}}';

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

const NAME = `.session_map.json.01234567.${hashOf(OLD)}.${hashOf(NEW)}.tmp`;

/** What is there after a run was killed that was to replace the old map by the new one. */
async function cleared(
  map: string,
  leftover: string,
  kernel: Kernel = KERNEL,
  home = new MapDirectory({}),
) {
  const path = join(home.location.directory, NAME);
  writeFileSync(home.path, map);
  writeFileSync(path, leftover);
  const problems = new Problems();
  await clearLeftovers(home.location, problems, kernel);
  const isThere = home.names.includes(NAME);
  return {
    map: readFileSync(home.path, 'utf8'),
    leftover: isThere ? readFileSync(path, 'utf8') : undefined,
    said: problems.all.map(({ message }) => message),
  };
}

describe('what a killed run left', () => {
  it.each([
    ['the new map, not yet published', OLD, NEW],
    ['half of the new map', OLD, NEW.slice(0, 9)],
    ['an empty file', OLD, ''],
    ['half of the new map, while the map has changed since', NEWEST, NEW.slice(0, 9)],
    ['the old map, which was swapped out', NEW, OLD],
    ['the old map, while the map has changed since', NEWEST, OLD],
    ['the new map, while the map has changed since', NEWEST, NEW],
  ])('is removed when it is %s', async (_, map, leftover) => {
    expect(await cleared(map, leftover)).toEqual({ map, leftover: undefined, said: [] });
  });

  it.each([
    ['half of the new map', OLD, NEW.slice(0, 9)],
    ['the new map', NEWEST, NEW],
  ])('is removed also where every lease is refused: %s', async (_, map, leftover) => {
    const kernel = kernelThat({ takeReadLease: () => 'refused' });
    expect(await cleared(map, leftover, kernel)).toEqual({ map, leftover: undefined, said: [] });
  });

  it('gets its name back when somebody has written it, and the map is the one we put there', async () => {
    expect(await cleared(NEW, THEIRS)).toEqual({ map: THEIRS, leftover: undefined, said: [] });
  });

  it('is kept and said when both have changed', async () => {
    expect(await cleared(NEWEST, THEIRS)).toEqual({
      map: NEWEST,
      leftover: THEIRS,
      said: [expect.stringMatching(/another program's map, which a run had swapped out/)],
    });
  });

  it('is left to the next run while somebody writes it', async () => {
    const kernel = kernelThat({ takeReadLease: () => 'refused' });
    const half = THEIRS.slice(0, 30);
    expect(await cleared(NEW, half, kernel)).toEqual({ map: NEW, leftover: half, said: [] });
  });

  it('gets its name back when somebody has written it before it was swapped out', async () => {
    expect(await cleared(OLD, THEIRS)).toEqual({ map: THEIRS, leftover: undefined, said: [] });
  });

  it('is left to the next run while somebody writes the map', async () => {
    hastenClock(500);
    const kernel = kernelThat({
      takeReadLease: (file) => (fstatSync(file).size === NEW.length ? 'refused' : 'granted'),
    });
    const home = new MapDirectory({});
    await expect(cleared(NEW, THEIRS, kernel, home)).rejects.toThrow(/kept it open for writing/);
    expect(home.names).toContain(NAME);
  });

  it('is put into its place in the weaker way where there is no other, which is said', async () => {
    const kernel = kernelThat({ exchange: () => false });
    expect(await cleared(NEW, THEIRS, kernel)).toEqual({
      map: THEIRS,
      leftover: undefined,
      said: [expect.stringContaining('in the weaker way')],
    });
  });

  it('is told by its name: other files stay', async () => {
    const home = new MapDirectory({});
    const others = [
      '.session_map.json.tmp',
      '.session_map.json.0123.tmp',
      `${NAME}.old`,
      `x${NAME}`,
    ];
    for (const name of others) writeFileSync(join(home.location.directory, name), NEW);
    await clearLeftovers(home.location, new Problems(), KERNEL);
    expect(home.names).toEqual(expect.arrayContaining(others));
  });

  it('of a journal that was being shortened is removed', async () => {
    const home = new MapDirectory({});
    writeFileSync(join(home.location.directory, '.session_map.removed.jsonl.tmp'), 'half');
    await clearLeftovers(home.location, new Problems(), KERNEL);
    expect(home.names).toEqual(['session_map.json']);
  });
});
