import {
  chmodSync,
  existsSync,
  fstatSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commit, reportCommit } from '../../../src/commit/commit.js';
import type { Kernel } from '../../../src/commit/kernel.js';
import { CleanupError } from '../../../src/errors.js';
import { Problems } from '../../../src/output/problems.js';
import type { SessionMap } from '../../../src/session-map/parse.js';
import {
  type Chats,
  hastenClock,
  insteadOf,
  inTurn,
  KERNEL,
  kernelThat,
  MapDirectory,
  withoutIdle,
} from './map-directory.js';

const OLD = { idle: '1', busy: '2' };
const NEW = { busy: '2' };
const FAILED = Object.assign(new Error('EIO'), { code: 'EIO' });

describe('a commit that nobody disturbs', () => {
  it('replaces the map and leaves nothing else behind', async () => {
    const map = new MapDirectory(OLD);
    chmodSync(map.path, 0o640);
    const { made, ...committed } = await commit(map.location, withoutIdle, KERNEL);
    expect(committed).toEqual({
      later: undefined,
      collisions: 0,
      weaker: undefined,
      failure: undefined,
    });
    expect(made).toHaveLength(1);
    expect(map.chats).toEqual(NEW);
    expect(statSync(map.path).mode & 0o7777).toBe(0o640);
    expect(map.names).toEqual(['session_map.json']);
  });

  it('takes both leases, writes the journal, asks whether it holds, exchanges and asks again', async () => {
    const map = new MapDirectory(OLD);
    const steps: string[] = [];
    const kernel = kernelThat({
      takeReadLease(file) {
        steps.push(fstatSync(file).ino === map.inode ? 'lease on the map' : 'lease on the new map');
        return KERNEL.takeReadLease(file);
      },
      exchange(a, b) {
        steps.push('exchange');
        return KERNEL.exchange(a, b);
      },
    });
    const told = {
      announce: () => void steps.push('journal'),
      holds: () => steps.push('holds?') > 0,
    };
    await commit(map.location, (current) => withoutIdle(current, told), kernel);
    expect(steps).toEqual([
      'lease on the map',
      'lease on the new map',
      'journal',
      'holds?',
      'exchange',
      'holds?',
    ]);
  });

  it('touches nothing when there is nothing to change', async () => {
    const map = new MapDirectory(NEW);
    const before = map.inode;
    expect((await commit(map.location, withoutIdle, KERNEL)).made).toEqual([]);
    expect(map.inode).toBe(before);
  });

  it('does nothing when there is no map', async () => {
    const map = new MapDirectory(OLD);
    renameSync(map.path, `${map.path}.away`);
    expect(await commit(map.location, withoutIdle, KERNEL)).toMatchObject({
      made: [],
      collisions: 0,
    });
  });
});

describe('a commit that was made', () => {
  it('tells that the disk did not confirm it', async () => {
    const map = new MapDirectory(OLD);
    insteadOf('fsyncSync', (file) => {
      if (fstatSync(file).isDirectory()) throw FAILED;
    });
    const { made, failure } = await commit(map.location, withoutIdle, KERNEL);
    expect(made).toHaveLength(1);
    expect(failure?.message).toBe(
      `${map.path}: written, but the disk did not confirm it: input/output error; the map is whole`,
    );
  });

  it('is told before what fails later', async () => {
    const map = new MapDirectory(OLD);
    const { exchange } = metAtFirst(map, { ...OLD, added: '3' });
    let plans = 0;
    const plan = (current: SessionMap) => {
      plans += 1;
      if (plans > 2) throw new CleanupError('later');
      return withoutIdle(current);
    };
    const { made, failure } = await commit(map.location, plan, kernelThat({ exchange }));
    expect({ made: made.length, said: failure?.message }).toEqual({ made: 1, said: 'later' });
  });

  it('fails with what is no error of ours', async () => {
    const map = new MapDirectory(OLD);
    const plan = () => {
      throw new TypeError('ours');
    };
    await expect(commit(map.location, plan, KERNEL)).rejects.toThrow(TypeError);
  });

  it.each([
    [{ failure: new CleanupError('it failed'), weaker: undefined }, ['it failed']],
    [
      { failure: undefined, weaker: "can't do it" },
      [
        "/map: replaced in the weaker way (compared, then renamed over), since its disk can't do it: " +
          'what a bridge saves in the same instant can be lost',
      ],
    ],
    [{ failure: undefined, weaker: undefined }, []],
  ])('is reported with what the user is to know (%#)', (end, said) => {
    const problems = new Problems();
    reportCommit('/map', { collisions: 0, ...end }, problems);
    expect(problems.all.map(({ message }) => message)).toEqual(said);
    expect(problems.hasErrors).toBe(end.failure !== undefined);
  });
});

describe('a map that is gone', () => {
  it('before the new one is written is left to whoever took it away', async () => {
    const map = new MapDirectory(OLD);
    const plan = (current: SessionMap) => {
      if (existsSync(map.path)) renameSync(map.path, `${map.path}.away`);
      return withoutIdle(current);
    };
    expect(await commit(map.location, plan, KERNEL)).toMatchObject({
      made: [],
      failure: undefined,
    });
    expect(map.names).toEqual(['session_map.json.away']);
  });

  it('before the exchange likewise', async () => {
    const map = new MapDirectory(OLD);
    const announce = () => renameSync(map.path, `${map.path}.away`);
    const plan = (current: SessionMap) => withoutIdle(current, { announce });
    expect(await commit(map.location, plan, KERNEL)).toMatchObject({
      made: [],
      failure: undefined,
    });
    expect(map.names).toEqual(['session_map.json.away']);
  });

  it.each([
    ['first exchange', 0, 0],
    ['one that undoes it', 1, 1],
    ['next exchange', 2, 0],
  ])('in the instant of the %s is no reason to fail', async (_, which, count) => {
    const map = new MapDirectory(OLD);
    const away = (): never => {
      renameSync(map.path, `${map.path}.away`);
      throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    };
    const kernel = kernelThat({
      exchange: inTurn(
        [...Array.from({ length: which }, () => KERNEL.exchange), away],
        KERNEL.exchange,
      ),
      isLeaseWhole: inTurn([() => true, () => true, () => which === 0], KERNEL.isLeaseWhole),
    });
    const { made } = await commit(map.location, withoutIdle, kernel);
    expect(made).toHaveLength(count);
  });
});

/** Somebody renames his map into place in the instant of the first exchange. */
function metAtFirst(map: MapDirectory, theirs: Chats): Pick<Kernel, 'exchange'> {
  return {
    exchange: inTurn(
      [
        (a: string, b: string) => {
          map.rename(theirs);
          return KERNEL.exchange(a, b);
        },
      ],
      KERNEL.exchange,
    ),
  };
}

describe('a commit that can not be made leaves the map and no file of its own', () => {
  const cases = [
    [
      'the journal can not be written',
      {},
      {
        announce: () => {
          throw new CleanupError('full');
        },
      },
      /^full$/,
    ],
    [
      'the names can not be exchanged',
      {
        exchange: () => {
          throw FAILED;
        },
      },
      {},
      /can't be written: input\/output error; the map is unchanged/,
    ],
    [
      'an attribute can not be kept',
      {
        attributesOf: () => ['user.x'],
        copyAttribute: () => {
          throw FAILED;
        },
      },
      {},
      /its attribute user\.x can't be kept/,
    ],
    [
      'what came out can not be looked at',
      {},
      {
        holds: inTurn<[], boolean>([() => true], () => {
          throw FAILED;
        }),
      },
      /input\/output error/,
    ],
  ] as const;
  it.each(cases)('since %s', async (_, answers, conditions, message) => {
    const map = new MapDirectory(OLD);
    const before = map.inode;
    const plan = (current: Parameters<typeof withoutIdle>[0]) => withoutIdle(current, conditions);
    await expect(commit(map.location, plan, kernelThat(answers))).rejects.toThrow(message);
    expect({ chats: map.chats, inode: map.inode }).toEqual({ chats: OLD, inode: before });
    expect(map.names).toEqual(['session_map.json']);
  });

  it('since the map has a second name', async () => {
    const map = new MapDirectory(OLD);
    map.link();
    await expect(commit(map.location, withoutIdle, KERNEL)).rejects.toThrow(
      /^\/[^\n]*: has 2 names \(hard links\), [^\n]*nothing was changed; remove them, or use symbolic links$/,
    );
    expect(map.chats).toEqual(OLD);
  });

  it('since another program keeps it open for writing', async () => {
    const map = new MapDirectory(OLD);
    hastenClock(500);
    const kernel = kernelThat({
      takeReadLease: (file) => (fstatSync(file).ino === map.inode ? 'refused' : 'granted'),
    });
    const tried = commit(map.location, withoutIdle, kernel);
    await expect(tried).rejects.toThrow(/another program kept it open for writing[^\n]*15 s/);
    expect(map.chats).toEqual(OLD);
    expect(map.names).toEqual(['session_map.json']);
  });
});

describe('a commit beside a writer', () => {
  it('waits until nobody has the map open for writing', async () => {
    const map = new MapDirectory(OLD);
    const refused = () => 'refused' as const;
    const answers = inTurn([refused, KERNEL.takeReadLease, refused, refused], KERNEL.takeReadLease);
    const { collisions } = await commit(
      map.location,
      withoutIdle,
      kernelThat({ takeReadLease: answers }),
    );
    expect({ collisions, chats: map.chats }).toEqual({ collisions: 1, chats: NEW });
  });

  it.each([
    ['before the journal is written', 0, 1],
    ['before the exchange', 1, 1],
    ['in the instant of the exchange', 2, 3],
    ['right after it', 3, 3],
    ['in the last instant', 12, 3],
  ])('lets one write who opens the map %s', async (_, looks, exchanges) => {
    const map = new MapDirectory(OLD);
    const before = map.inode;
    const whole = Array.from({ length: looks }, () => () => true);
    const isLeaseWhole = inTurn([...whole, () => false], KERNEL.isLeaseWhole);
    const names: number[] = [];
    const exchange = (a: string, b: string): boolean => {
      const done = KERNEL.exchange(a, b);
      names.push(map.inode);
      return done;
    };
    const committed = await commit(
      map.location,
      withoutIdle,
      kernelThat({ isLeaseWhole, exchange }),
    );
    expect({ collisions: committed.collisions, chats: map.chats }).toEqual({
      collisions: 1,
      chats: NEW,
    });
    expect(names).toHaveLength(exchanges);
    if (exchanges === 3) expect(names[1]).toBe(before);
    expect(map.names).toEqual(['session_map.json']);
  });

  /** Somebody opens our map while it has the name, and writes into it once it is taken back. */
  function openedOurs(map: MapDirectory, chats: Chats): Partial<Kernel> {
    let ours = 0;
    let isOver = false;
    return {
      // The test itself writes: no lease of ours may make it wait.
      takeReadLease: inTurn<[number], 'granted' | 'refused'>(
        [() => 'granted', () => 'granted', () => 'refused', () => 'refused'],
        () => 'granted',
      ),
      isLeaseWhole: (file) => isOver || fstatSync(file).ino !== ours,
      exchange: inTurn(
        [
          (a, b) => {
            const done = KERNEL.exchange(a, b);
            ours = map.inode;
            return done;
          },
          (a, b) => {
            const done = KERNEL.exchange(a, b);
            writeFileSync(a, JSON.stringify({ 'claude-cli': chats }));
            return done;
          },
          (a, b) => {
            isOver = true;
            return KERNEL.exchange(a, b);
          },
        ],
        KERNEL.exchange,
      ),
    };
  }

  it('keeps what is written into a map of ours that was opened before it was taken back', async () => {
    const map = new MapDirectory(OLD);
    const holds = inTurn([() => true, () => false], () => true);
    const { made } = await commit(
      map.location,
      (current) => withoutIdle(current, { holds }),
      kernelThat(openedOurs(map, { busy: '8', saved: '7' })),
    );
    expect(made).not.toHaveLength(0);
    expect(map.chats).toEqual({ busy: '8', saved: '7' });
    expect(map.names).toEqual(['session_map.json']);
  });

  it('leaves a map of ours to the next run that somebody keeps open', async () => {
    const map = new MapDirectory(OLD);
    const { takeReadLease: _, ...kernel } = openedOurs(map, { busy: '8' });
    const holds = inTurn([() => true, () => false], () => true);
    const takeReadLease = inTurn<[number], 'granted' | 'refused'>(
      [() => 'granted', () => 'granted'],
      () => 'refused',
    );
    hastenClock(500);
    const tried = commit(
      map.location,
      (current) => withoutIdle(current, { holds }),
      kernelThat({ ...kernel, takeReadLease }),
    );
    await expect(tried).rejects.toThrow(/kept it open for writing/);
    expect(map.chats).toEqual(OLD);
    expect(map.names).toEqual([expect.stringMatching(/tmp$/), 'session_map.json']);
  });

  it('takes a map that was renamed into place in the last instant', async () => {
    const map = new MapDirectory(OLD);
    const exchange = inTurn(
      [
        (a: string, b: string) => {
          map.rename({ ...OLD, added: '3' });
          return KERNEL.exchange(a, b);
        },
      ],
      KERNEL.exchange,
    );
    const { collisions } = await commit(map.location, withoutIdle, kernelThat({ exchange }));
    expect({ collisions, chats: map.chats }).toEqual({
      collisions: 1,
      chats: { ...NEW, added: '3' },
    });
    expect(map.names).toEqual(['session_map.json']);
  });

  it.each([
    ['at once', (work: () => void) => work()],
    ['50 ms later', (work: () => void) => void setTimeout(work, 50)],
  ])('puts a change back that a program undoes %s which had read ours', async (_, when) => {
    const map = new MapDirectory(OLD);
    let read = {};
    const exchange = inTurn(
      [
        (a: string, b: string) => {
          map.rename({ ...OLD, busy: '4', added: '3' });
          const done = KERNEL.exchange(a, b);
          read = map.chats;
          return done;
        },
        (a: string, b: string) => {
          const done = KERNEL.exchange(a, b);
          when(() => map.rename({ ...read, later: '5' }));
          return done;
        },
      ],
      KERNEL.exchange,
    );
    await commit(map.location, withoutIdle, kernelThat({ exchange }));
    expect(map.chats).toEqual({ busy: '4', added: '3', later: '5' });
  });

  it.each(['write', 'rename'] as const)(
    'takes a map that is changed by a %s before the leases are taken',
    async (way) => {
      const map = new MapDirectory(OLD);
      const takeReadLease = inTurn(
        [
          (file: number) => {
            map[way]({ ...OLD, added: '3' });
            return KERNEL.takeReadLease(file);
          },
        ],
        KERNEL.takeReadLease,
      );
      let announced = 0;
      const announce = () => {
        announced += 1;
      };
      const { collisions } = await commit(
        map.location,
        (current) => withoutIdle(current, { announce }),
        kernelThat({ takeReadLease }),
      );
      expect({ collisions, announced, chats: map.chats }).toEqual({
        collisions: 1,
        announced: 1,
        chats: { ...NEW, added: '3' },
      });
    },
  );

  it('gives up when its map is replaced all the time, and says where the other one is', async () => {
    const map = new MapDirectory(OLD);
    let exchanges = 0;
    const exchange = (a: string, b: string): boolean => {
      exchanges += 1;
      map.rename({ ...OLD, n: String(exchanges) });
      return KERNEL.exchange(a, b);
    };
    const { made, failure } = await commit(map.location, withoutIdle, kernelThat({ exchange }));
    expect({ made: made.length, exchanges }).toEqual({ made: 1, exchanges: 1001 });
    expect(failure?.message).toMatch(
      /the map of another program can't be given its name back: it is replaced all the time; it is in \/[^\n]+tmp, and the next run tries again$/,
    );
  });

  it('leaves the old map to the next run when it can not tell whether somebody has it', async () => {
    const map = new MapDirectory(OLD);
    const whole = Array.from({ length: 13 }, () => () => true);
    const isLeaseWhole = inTurn<[number], boolean>(whole, () => {
      throw FAILED;
    });
    const { made } = await commit(map.location, withoutIdle, kernelThat({ isLeaseWhole }));
    expect({ made: made.length, chats: map.chats }).toEqual({ made: 1, chats: NEW });
    expect(map.names).toHaveLength(2);
  });

  it('leaves the name to a map that is renamed over ours before it is taken back', async () => {
    const map = new MapDirectory(OLD);
    const exchange = inTurn(
      [
        KERNEL.exchange,
        (a: string, b: string) => {
          map.rename({ ...OLD, newest: '6' });
          return KERNEL.exchange(a, b);
        },
      ],
      KERNEL.exchange,
    );
    const isLeaseWhole = inTurn([() => true, () => true, () => false], KERNEL.isLeaseWhole);
    await commit(map.location, withoutIdle, kernelThat({ exchange, isLeaseWhole }));
    expect(map.chats).toEqual({ ...NEW, newest: '6' });
    expect(map.names).toEqual(['session_map.json']);
  });

  it("keeps another program's map when its name can not be given back, and says where", async () => {
    const map = new MapDirectory(OLD);
    const exchange = inTurn<[string, string], boolean>(
      [
        (a: string, b: string) => {
          map.rename({ ...OLD, added: '3' });
          return KERNEL.exchange(a, b);
        },
      ],
      () => {
        throw FAILED;
      },
    );
    const { made, failure } = await commit(map.location, withoutIdle, kernelThat({ exchange }));
    const [kept = ''] = map.names.filter((name) => name.endsWith('.tmp'));
    expect(made).toHaveLength(1);
    expect(failure?.message).toContain(join(map.location.directory, kept));
    expect(readFileSync(join(map.location.directory, kept), 'utf8')).toContain('added');
  });
});

describe('a commit whose conditions change', () => {
  it('fails when they can not be looked at after the exchange, which is undone', async () => {
    const map = new MapDirectory(OLD);
    const holds = inTurn(
      [
        () => true,
        () => {
          throw FAILED;
        },
      ],
      () => true,
    );
    const tried = commit(map.location, (current) => withoutIdle(current, { holds }), KERNEL);
    await expect(tried).rejects.toThrow(
      /can't be written: input\/output error; the map is unchanged$/,
    );
    expect(map.chats).toEqual(OLD);
  });

  it('before the exchange begins anew', async () => {
    const map = new MapDirectory(OLD);
    const holds = inTurn([() => false], () => true);
    const { made } = await commit(
      map.location,
      (current) => withoutIdle(current, { holds }),
      KERNEL,
    );
    expect({ made: made.length, chats: map.chats }).toEqual({ made: 1, chats: NEW });
  });

  it('after it is undone', async () => {
    const map = new MapDirectory(OLD);
    const before = map.inode;
    let isActive = false;
    const answers = inTurn(
      [
        () => true,
        () => {
          isActive = true;
          return false;
        },
      ],
      () => true,
    );
    const plan = (current: Parameters<typeof withoutIdle>[0]) => {
      const { text } = isActive ? current : withoutIdle(current);
      return { text, announce: () => {}, holds: answers };
    };
    expect((await commit(map.location, plan, KERNEL)).made).toEqual([]);
    expect({ chats: map.chats, inode: map.inode }).toEqual({ chats: OLD, inode: before });
  });
});

describe('where a file system lacks what a commit needs', () => {
  const cases = [
    ["can't exchange two names", { exchange: () => false }],
    ["can't make others wait", { takeReadLease: () => 'unsupported' as const }],
    ["can't make others wait", { takeReadLease: () => 'refused' as const }],
  ] as const;

  it.each(cases)(
    'that %s, the map is compared and renamed over, and that is told',
    async (weaker, answers) => {
      const map = new MapDirectory(OLD);
      expect(await commit(map.location, withoutIdle, kernelThat(answers))).toMatchObject({
        weaker,
        failure: undefined,
      });
      expect(map.chats).toEqual(NEW);
      expect(map.names).toEqual(['session_map.json']);
    },
  );

  it.each(['write', 'rename'] as const)(
    'what another program changes by a %s before that is kept',
    async (way) => {
      const map = new MapDirectory(OLD);
      const holds = inTurn(
        [
          () => {
            map[way]({ ...OLD, added: '3' });
            return true;
          },
        ],
        () => true,
      );
      const kernel = kernelThat({ takeReadLease: () => 'unsupported' });
      const { collisions } = await commit(
        map.location,
        (current) => withoutIdle(current, { holds }),
        kernel,
      );
      expect({ collisions, chats: map.chats }).toEqual({
        collisions: 1,
        chats: { ...NEW, added: '3' },
      });
    },
  );
});

describe('time in which the process was stopped', () => {
  it('is no patience used up', async () => {
    const map = new MapDirectory(OLD);
    // An hour at every look: suspended again and again.
    hastenClock(3_600_000);
    const holds = inTurn([() => false, () => false], () => true);
    const { made } = await commit(
      map.location,
      (current) => withoutIdle(current, { holds }),
      KERNEL,
    );
    expect(made).toHaveLength(1);
  });
});
