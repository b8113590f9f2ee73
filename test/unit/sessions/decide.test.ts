import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mapping } from '../../../src/session-map/parse.js';
import {
  type Activity,
  decide,
  type Evidence,
  exceeds,
  type Policy,
  type ProviderPicture,
} from '../../../src/sessions/decide.js';

const NOW = 1_800_000_000_000;
const HOUR_MS = 3600 * 1000;

const policy: Policy = {
  now: NOW,
  thresholdMs: 2 * HOUR_MS,
  missing: 'keep',
  keepRunning: false,
};

function mapping(session: string | null, over: Partial<Mapping> = {}): Mapping {
  return {
    provider: 'claude-cli',
    family: 'claude',
    chat: `chat of ${session}`,
    session,
    raw: JSON.stringify(session),
    ...over,
  };
}

interface World {
  /** ms since the epoch by session; null for a session that has no file. */
  readonly times: Readonly<Record<string, number | null>>;
  readonly uncertain?: readonly string[];
  readonly running?: readonly string[];
  readonly doubtful?: readonly string[];
  readonly picture?: Partial<ProviderPicture>;
}

function evidence({
  times,
  uncertain = [],
  running = [],
  doubtful = [],
  picture,
}: World): Evidence {
  return {
    activityOf: (_family, session): Activity => ({
      lastActivity: times[session] ?? null,
      transcript: times[session] === undefined ? null : `/t/${session}`,
      uncertain: uncertain.includes(session),
    }),
    pictureOf: () => ({ transcripts: 1, uncertain: false, ...picture }),
    isRunning: (_family, session) => running.includes(session),
    mayRun: (_family, session) => doubtful.includes(session),
  };
}

function one(world: World, over: Partial<Policy> = {}) {
  const [decision] = decide([mapping('s')], evidence(world), { ...policy, ...over });
  return decision;
}

describe('idle', () => {
  it.each([
    ['just at the threshold', 2 * HOUR_MS, 'active'],
    ['one millisecond beyond it', 2 * HOUR_MS + 1, 'idle'],
    ['now', 0, 'active'],
    ['in the future', -5 * HOUR_MS, 'active'],
  ])('last activity %s', (_name, agoMs, state) => {
    expect(one({ times: { s: NOW - agoMs } })).toMatchObject({ state, removes: state === 'idle' });
  });
});

describe('in doubt a mapping stays', () => {
  it('when one of its files could not be looked at', () => {
    expect(one({ times: { s: 0 }, uncertain: ['s'] })).toMatchObject({
      state: 'unreadable',
      removes: false,
    });
  });

  it("when a directory of its CLI could not be looked at, whatever '--missing' says", () => {
    const picture = { uncertain: true };
    expect(one({ times: { s: 0 }, picture })?.state).toBe('unreadable');
    expect(one({ times: {}, picture }, { missing: 'remove' })).toMatchObject({
      state: 'unreadable',
      removes: false,
    });
  });

  it('when no CLI could have given the id, or none is known', () => {
    for (const session of ['*', '../x', '', 'a b', '-rf', null]) {
      const [decision] = decide([mapping(session)], evidence({ times: { '*': 0, '': 0 } }), policy);
      expect(decision).toMatchObject({ state: 'unrecognized', removes: false });
    }
    const unknown = mapping('s', { provider: 'devstral', family: undefined });
    const [decision] = decide([unknown], evidence({ times: { s: 0 } }), policy);
    expect(decision).toMatchObject({ state: 'unrecognized', removes: false });
  });

  it('but activity that was seen counts', () => {
    expect(one({ times: { s: NOW }, uncertain: ['s'] })?.state).toBe('active');
  });
});

describe('a session without a transcript', () => {
  const pair = [mapping('here'), mapping('gone')];

  it('goes only when asked for, and only where there are transcripts', () => {
    const world = { times: { here: NOW } };
    const removes = (missing: 'keep' | 'remove', transcripts: number) =>
      decide(pair, evidence({ ...world, picture: { transcripts } }), { ...policy, missing }).map(
        (decision) => decision.removes,
      );
    expect(removes('keep', 1)).toEqual([false, false]);
    expect(removes('remove', 1)).toEqual([false, true]);
    expect(removes('remove', 0)).toEqual([false, false]);
  });

  it.each([1, 2])('never goes when all of its CLI (%i) lack one', (count) => {
    const mappings = pair.slice(0, count);
    const decisions = decide(mappings, evidence({ times: {} }), { ...policy, missing: 'remove' });
    for (const decision of decisions) {
      expect(decision).toMatchObject({ state: 'missing', removes: false });
    }
  });
});

describe('a running session', () => {
  it('stays only when asked for', () => {
    const world = { times: { s: 0 }, running: ['s'] };
    expect(one(world)?.removes).toBe(true);
    expect(one(world, { keepRunning: true })).toMatchObject({ state: 'idle', removes: false });
  });

  it('stays when it only may run, and is not said to', () => {
    const world = { times: { s: 0 }, doubtful: ['s'] };
    expect(one(world)?.removes).toBe(true);
    expect(one(world, { keepRunning: true })).toMatchObject({ running: false, removes: false });
  });
});

describe('whatever the evidence', () => {
  const worlds = fc.record({
    times: fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.option(fc.integer({ min: 0, max: 2 * NOW }), { nil: null }),
    ),
    uncertain: fc.subarray(['a', 'b', 'c', 'd']),
    running: fc.subarray(['a', 'b', 'c', 'd']),
    picture: fc.record({ transcripts: fc.nat(3), uncertain: fc.boolean() }),
  });
  const policies = fc.record({
    now: fc.constant(NOW),
    thresholdMs: fc.integer({ min: 1, max: NOW }),
    missing: fc.constantFrom('keep' as const, 'remove' as const),
    keepRunning: fc.boolean(),
  });
  const mappings = ['a', 'b', 'c', 'd', '*'].map((session) => mapping(session));

  it('what goes is known to be idle, or known to be missing and asked for', () => {
    fc.assert(
      fc.property(worlds, policies, (world, chosen) => {
        for (const decision of decide(mappings, evidence(world), chosen)) {
          if (!decision.removes) continue;
          expect(world.picture.uncertain).toBe(false);
          const { session } = decision.mapping;
          expect(world.uncertain).not.toContain(session);
          if (chosen.keepRunning) expect(world.running).not.toContain(session);
          if (decision.lastActivity === null) {
            expect(chosen.missing).toBe('remove');
            expect(world.picture.transcripts).toBeGreaterThan(0);
          } else {
            expect(NOW - decision.lastActivity).toBeGreaterThan(chosen.thresholdMs);
          }
        }
      }),
    );
  });

  it('a longer threshold never removes more', () => {
    fc.assert(
      fc.property(worlds, policies, fc.nat(NOW), (world, chosen, longer) => {
        const going = (thresholdMs: number) =>
          decide(mappings, evidence(world), { ...chosen, missing: 'keep', thresholdMs })
            .filter(({ removes }) => removes)
            .map(({ mapping: { session } }) => session);
        const before = going(chosen.thresholdMs);
        for (const session of going(chosen.thresholdMs + longer)) expect(before).toContain(session);
      }),
    );
  });

  it('each mapping gets one decision, in their order', () => {
    fc.assert(
      fc.property(worlds, policies, (world, chosen) => {
        const decisions = decide(mappings, evidence(world), chosen);
        expect(decisions.map((decision) => decision.mapping)).toEqual(mappings);
      }),
    );
  });
});

describe('a limit on removals', () => {
  it.each([
    [{ kind: 'count', most: 2 } as const, 2, 9, false],
    [{ kind: 'count', most: 2 } as const, 3, 9, true],
    [{ kind: 'percent', most: 50 } as const, 5, 10, false],
    [{ kind: 'percent', most: 50 } as const, 6, 10, true],
    [{ kind: 'percent', most: 0 } as const, 0, 10, false],
  ])('%j for %i of %i: %s', (limit, removals, checked, expected) => {
    expect(exceeds(limit, removals, checked)).toBe(expected);
  });
});
