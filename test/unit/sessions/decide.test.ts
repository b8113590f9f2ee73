import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mapping } from '../../../src/session-map/parse.js';
import {
  type Activity,
  type Decision,
  decide,
  type Evidence,
  type Policy,
  suspiciousPictures,
} from '../../../src/sessions/decide.js';

const NOW = 1_800_000_000_000;
const HOUR_MS = 3600 * 1000;

const policy: Policy = {
  now: NOW,
  thresholdMsOf: () => 2 * HOUR_MS,
  isKept: () => false,
  missing: 'keep',
  missingSince: () => undefined,
  keepRunning: true,
};

/** Session ids that a CLI could have given. */
const [A, B, C, D, E] = ['a', 'b', 'c', 'd', 'e'].map(
  (letter) => `${letter.repeat(8)}-1111-4111-8111-111111111111`,
) as [string, string, string, string, string];

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
  /** When its files were last written to by session, ms since the epoch; null for one that has none. */
  readonly times: Readonly<Record<string, number | null>>;
  /** Those of which other files are left, but no transcript. */
  readonly leftovers?: readonly string[];
  readonly uncertain?: readonly string[];
  readonly running?: readonly string[];
  readonly doubtful?: readonly string[];
}

function hasTranscript({ times, leftovers = [] }: World, session: string): boolean {
  return (times[session] ?? null) !== null && !leftovers.includes(session);
}

function evidence(world: World): Evidence {
  const { times, uncertain = [], running = [], doubtful = [] } = world;
  return {
    activityOf({ session }): Activity {
      const id = session ?? '';
      return {
        lastActivity: times[id] ?? null,
        transcript: hasTranscript(world, id) ? `/t/${id}` : null,
        isUncertain: uncertain.includes(id),
      };
    },
    processOf({ session }) {
      if (running.includes(session ?? '')) return 'running';
      return doubtful.includes(session ?? '') ? 'perhaps' : 'none';
    },
  };
}

function one(world: World, over: Partial<Policy> = {}) {
  const [decision] = decide([mapping('s')], evidence(world), { ...policy, ...over });
  return decision;
}

/** Whether each mapping goes. */
const goes = (decisions: readonly Decision[]): boolean[] =>
  decisions.map(({ keptBecause }) => keptBecause === null);

/** The sessions whose mappings go. */
const going = (...args: Parameters<typeof decide>): (string | null)[] =>
  decide(...args)
    .filter(({ keptBecause }) => keptBecause === null)
    .map(({ mapping: { session } }) => session);

describe('idle', () => {
  it.each([
    ['just at the threshold', 2 * HOUR_MS, 'active'],
    ['one millisecond beyond it', 2 * HOUR_MS + 1, 'idle'],
    ['now', 0, 'active'],
    ['in the future', -5 * HOUR_MS, 'active'],
  ])('last activity %s', (_name, agoMs, state) => {
    expect(one({ times: { s: NOW - agoMs } })).toMatchObject({
      state,
      lastActivity: NOW - agoMs,
      transcript: '/t/s',
      keptBecause: state === 'idle' ? null : 'active',
    });
  });
});

describe('in doubt a mapping stays', () => {
  it('when one of its files could not be looked at', () => {
    expect(one({ times: { s: 0 }, uncertain: ['s'] })).toMatchObject({
      state: 'unreadable',
      keptBecause: 'doubt',
    });
  });

  it("when one of its files could not be looked at, whatever '--missing' says", () => {
    const decision = one({ times: {}, uncertain: ['s'] }, { missing: 'remove' });
    expect(decision).toMatchObject({ state: 'unreadable', keptBecause: 'doubt' });
  });

  it('when no CLI could have given the id, or none is known', () => {
    for (const session of ['*', '../x', '', 'a b', '-rf', null]) {
      const [decision] = decide([mapping(session)], evidence({ times: { '*': 0, '': 0 } }), policy);
      expect(decision).toMatchObject({ state: 'unrecognized', keptBecause: 'doubt' });
    }
    const unknown = mapping('s', { provider: 'devstral', family: undefined });
    const [decision] = decide([unknown], evidence({ times: { s: 0 } }), policy);
    expect(decision).toMatchObject({ state: 'unrecognized', keptBecause: 'doubt' });
  });

  it('but activity that was seen counts', () => {
    expect(one({ times: { s: NOW }, uncertain: ['s'] })?.state).toBe('active');
  });
});

describe('a session without a transcript', () => {
  const long = { missing: 'remove', missingSince: () => NOW - 3 * HOUR_MS } as const;
  const pair = [mapping(A), mapping(B)];
  const gone = (world: World, over: Partial<Policy>, mappings = pair) =>
    going(mappings, evidence(world), { ...policy, ...over });

  it('goes only when asked for', () => {
    expect(gone({ times: { [A]: NOW } }, { ...long, missing: 'keep' })).toEqual([]);
    expect(gone({ times: { [A]: NOW } }, long)).toEqual([B]);
  });

  it.each([
    ['for the first time', undefined, []],
    ['for just the threshold', NOW - 2 * HOUR_MS, []],
    ['for longer', NOW - 2 * HOUR_MS - 1, [B]],
    ['since a time to come', NOW + HOUR_MS, []],
  ])('goes when runs have seen it so for longer than the threshold: %s', (_name, since, goes) => {
    expect(gone({ times: { [A]: NOW } }, { ...long, missingSince: () => since })).toEqual(goes);
  });

  it('goes at once where more than 10,000 of a section have none: it grew for years', () => {
    const ids = Array.from({ length: 10_001 }, (_, n) => A.replace(/.{8}/, `${10_000_000 + n}`));
    const asked = { missing: 'remove', missingSince: () => undefined } as const;
    const goes = (wanted: readonly string[]) =>
      gone(
        { times: { [A]: NOW } },
        asked,
        [...wanted, A].map((id) => mapping(id)),
      ).length;
    expect(goes(ids)).toBe(10_001);
    expect(goes(ids.slice(1))).toBe(0);
    const other = { ...mapping(B), provider: 'claude-two' };
    const world = evidence({ times: { [A]: NOW } });
    const all = [...ids.map((id) => mapping(id)), other, mapping(A)];
    expect(going(all, world, { ...policy, ...asked })).not.toContain(B);
  });

  it('is missing, not idle, when only other files of it are left', () => {
    const [decision] = decide(pair, evidence({ times: { [A]: 0 }, leftovers: [A] }), policy);
    expect(decision).toMatchObject({
      state: 'missing',
      lastActivity: null,
      keptBecause: 'missing',
    });
  });

  it('is active while such files are written', () => {
    const [decision] = decide(pair, evidence({ times: { [A]: NOW }, leftovers: [A] }), policy);
    expect(decision).toMatchObject({ state: 'active', keptBecause: 'active' });
  });

  it.each(['latest', 'opus', '5'])('stays when no CLI gives such an id: %s', (session) => {
    const mappings = [mapping(A), mapping(session)];
    const decisions = decide(mappings, evidence({ times: { [A]: NOW } }), { ...policy, ...long });
    expect(decisions[1]).toMatchObject({ keptBecause: 'doubt' });
  });

  it.each([1, 2])('never goes when all of its CLI (%i) lack one', (count) => {
    const decisions = decide(pair.slice(0, count), evidence({ times: {} }), { ...policy, ...long });
    for (const decision of decisions) {
      expect(decision).toMatchObject({ state: 'missing', keptBecause: 'guard' });
    }
  });

  it('never goes beside one that can not be looked at, when no other has one', () => {
    expect(gone({ times: {}, uncertain: [A] }, long)).toEqual([]);
  });

  it('never goes when of the others, too, only other files are left', () => {
    expect(gone({ times: { [A]: NOW }, leftovers: [A] }, long)).toEqual([]);
  });
});

describe('the three newest without a transcript, though an older one has it', () => {
  const world = { times: { [A]: 0, [E]: 0 } };
  const removed = (sessions: string[], over: Partial<Mapping> = {}) => {
    const mappings = sessions.map((session) => mapping(session, over));
    const asked = { ...policy, missing: 'remove', missingSince: () => 0 } as const;
    return goes(decide(mappings, evidence(world), asked));
  };

  it('keep the whole CLI: its home may be an old copy', () => {
    expect(removed([A, B, C, D])).toEqual([false, false, false, false]);
  });

  it('say nothing when a newer one has a transcript, or only two have none', () => {
    expect(removed([B, C, D, A])).toEqual([true, true, true, true]);
    expect(removed([A, B, C])).toEqual([true, true, true]);
  });

  it('keep only what is missing of Gemini, which deletes transcripts by itself', () => {
    const gemini = { provider: 'gemini-cli', family: 'gemini' } as const;
    expect(removed([A, B, C, D], gemini)).toEqual([true, false, false, false]);
  });

  it('are sessions, not chats; what is no session id is none of them', () => {
    expect(removed([A, B, B, B])).toEqual([true, true, true, true]);
    expect(removed([A, B, C, D, '*'])).toEqual([false, false, false, false, false]);
  });

  it('are looked for in each section by itself', () => {
    const other = mapping(E, { provider: 'claude-other' });
    const mappings = [...[A, B, C, D].map((session) => mapping(session)), other];
    const decisions = decide(mappings, evidence(world), policy);
    expect(goes(decisions)).toEqual([false, false, false, false, false]);
    expect(decisions.at(-1)?.keptBecause).toBe('guard');
  });
});

describe('a suspicious picture', () => {
  const picturesOf = (world: World, mappings: readonly Mapping[]) =>
    suspiciousPictures(decide(mappings, evidence(world), policy));
  const gemini = { provider: 'gemini-cli', family: 'gemini' } as const;
  const all = [A, B, C, D, E];

  it('is that no session of a CLI has a transcript: it holds back those that are missing', () => {
    const mappings = [mapping(A), mapping(A), mapping(B), mapping('*'), mapping(C, gemini)];
    expect(picturesOf({ times: { [C]: NOW } }, mappings)).toEqual([
      { family: 'claude', kind: 'none', count: 2, holds: ['missing'] },
    ]);
  });

  it('is that the newest have none: of Claude it holds back the idle ones, too', () => {
    const world = { times: { [A]: 0 } };
    expect(picturesOf(world, [...all.map((one) => mapping(one)), mapping(A, gemini)])).toEqual([
      { family: 'claude', kind: 'newest', count: 4, holds: ['missing', 'idle'] },
    ]);
    expect(
      picturesOf(
        world,
        all.map((one) => mapping(one, gemini)),
      ),
    ).toEqual([{ family: 'gemini', kind: 'newest', count: 4, holds: ['missing'] }]);
  });

  it('is not one where all have theirs, none is mapped, or only an older one has lost it', () => {
    expect(picturesOf({ times: { [A]: 0, [B]: NOW } }, [mapping(A), mapping(B)])).toEqual([]);
    expect(picturesOf({ times: {} }, [])).toEqual([]);
    expect(picturesOf({ times: {} }, [mapping(A, { family: undefined })])).toEqual([]);
    expect(picturesOf({ times: { [B]: 0 } }, [mapping(A), mapping(B)])).toEqual([]);
  });

  it('concerns its own CLI alone', () => {
    const world = { times: { [A]: 0 } };
    const asked = { ...policy, missing: 'remove', missingSince: () => 0 } as const;
    const mappings = [mapping(A), mapping(B), mapping(C, gemini), mapping(D, gemini)];
    expect(going(mappings, evidence(world), asked)).toEqual([A, B]);
  });

  it('is not one of a section in which none ever had one, beside another', () => {
    const other = { provider: 'claude-opus' };
    const mappings = [mapping(A), ...[B, C, D].map((one) => mapping(one, other))];
    expect(picturesOf({ times: { [A]: 0 } }, mappings)).toEqual([]);
    const second = [mapping(E), mapping(A), ...[B, C, D].map((one) => mapping(one))];
    expect(picturesOf({ times: { [A]: 0 } }, second)).toMatchObject([{ count: 3 }]);
  });

  it('is judged by the section whose newest lack most', () => {
    const other = { provider: 'claude-opus' };
    const mappings = [
      ...[A, B, C].map((one) => mapping(one)),
      ...[A, B, C, D].map((one) => mapping(one, other)),
    ];
    expect(picturesOf({ times: { [A]: 0 } }, mappings)).toMatchObject([{ count: 3 }]);
  });
});

describe('a running session', () => {
  it('stays unless it is asked to go', () => {
    const world = { times: { s: 0 }, running: ['s'] };
    expect(one(world, { keepRunning: false })?.keptBecause).toBeNull();
    expect(one(world)).toMatchObject({ state: 'idle', keptBecause: 'running' });
  });

  it('stays when it only may run, and is not said to', () => {
    const world = { times: { s: 0 }, doubtful: ['s'] };
    expect(one(world, { keepRunning: false })?.keptBecause).toBeNull();
    expect(one(world)).toMatchObject({ running: false, keptBecause: 'doubt' });
  });
});

describe('rules', () => {
  it('keep a mapping whatever its session does', () => {
    expect(one({ times: { s: 0 } }, { isKept: () => true })).toMatchObject({
      state: 'idle',
      keptBecause: 'rule',
    });
  });

  it('give a mapping a threshold of its own', () => {
    const thresholdMsOf = ({ session }: Mapping) => (session === 'patient' ? 9 : 2) * HOUR_MS;
    const world = evidence({ times: { patient: NOW - 5 * HOUR_MS, s: NOW - 5 * HOUR_MS } });
    const decisions = decide([mapping('patient'), mapping('s')], world, {
      ...policy,
      thresholdMsOf,
    });
    expect(decisions.map(({ state }) => state)).toEqual(['active', 'idle']);
  });
});

describe('whatever the evidence', () => {
  const ids = [A, B, C, D];
  const worlds = fc.record({
    times: fc.dictionary(
      fc.constantFrom(...ids),
      fc.option(fc.integer({ min: 0, max: 2 * NOW }), { nil: null }),
    ),
    leftovers: fc.subarray(ids),
    uncertain: fc.subarray(ids),
    running: fc.subarray(ids),
    doubtful: fc.subarray(ids),
  });
  const choices = fc.record({
    thresholds: fc.array(fc.integer({ min: 1, max: NOW }), { minLength: 5, maxLength: 5 }),
    kept: fc.subarray(ids),
    waiting: fc.dictionary(fc.constantFrom(...ids), fc.integer({ min: 0, max: 2 * NOW })),
    missing: fc.constantFrom('keep' as const, 'remove' as const),
    keepRunning: fc.boolean(),
  });
  const mappings = [...ids, '*'].map((session) => mapping(session));

  type Choice = {
    thresholds: number[];
    kept: string[];
    waiting: Record<string, number>;
  } & Pick<Policy, 'missing' | 'keepRunning'>;

  function policyOf({ thresholds, kept, waiting, ...rest }: Choice): Policy {
    return {
      now: NOW,
      thresholdMsOf: (one) => thresholds[mappings.indexOf(one)] ?? 1,
      isKept: ({ session }) => session !== null && kept.includes(session),
      missingSince: ({ session }) => (session === null ? undefined : waiting[session]),
      ...rest,
    };
  }

  it('what goes is known to be idle, or known to be missing for long and asked for', () => {
    fc.assert(
      fc.property(worlds, choices, (world, chosen) => {
        const rules = policyOf(chosen);
        for (const { mapping, keptBecause, state } of decide(mappings, evidence(world), rules)) {
          if (keptBecause !== null) continue;
          const session = mapping.session ?? '';
          expect(world.uncertain).not.toContain(session);
          expect(chosen.kept).not.toContain(session);
          if (chosen.keepRunning) {
            expect(world.running).not.toContain(session);
            expect(world.doubtful).not.toContain(session);
          }
          const time = world.times[session] ?? null;
          if (time !== null) expect(NOW - time).toBeGreaterThan(rules.thresholdMsOf(mapping));
          if (state === 'idle') {
            expect(time).not.toBeNull();
            expect(world.leftovers).not.toContain(session);
          } else {
            expect(state).toBe('missing');
            expect(chosen.missing).toBe('remove');
            const found = mappings.map(({ session }) => session ?? '');
            expect(found.some((id) => hasTranscript(world, id))).toBe(true);
            const waited = NOW - (chosen.waiting[session] ?? NOW);
            expect(waited).toBeGreaterThan(rules.thresholdMsOf(mapping));
          }
        }
      }),
    );
  });

  it('a longer threshold never removes more', () => {
    fc.assert(
      fc.property(worlds, choices, fc.nat(NOW), (world, chosen, longer) => {
        const goingAfter = (more: number) => {
          const thresholds = chosen.thresholds.map((threshold) => threshold + more);
          const rules = policyOf({ ...chosen, missing: 'keep', thresholds });
          return going(mappings, evidence(world), rules);
        };
        const before = goingAfter(0);
        for (const session of goingAfter(longer)) expect(before).toContain(session);
      }),
    );
  });

  it('a doubt, a rule or a process keeps its own session', () => {
    fc.assert(
      fc.property(worlds, choices, fc.constantFrom(...ids), (world, chosen, session) => {
        const gone = (found: World, picked: Choice) =>
          going(mappings, evidence(found), policyOf({ ...picked, keepRunning: true }));
        const more = [
          gone({ ...world, uncertain: [...world.uncertain, session] }, chosen),
          gone({ ...world, running: [...world.running, session] }, chosen),
          gone({ ...world, doubtful: [...world.doubtful, session] }, chosen),
          gone(world, { ...chosen, kept: [...chosen.kept, session] }),
        ];
        for (const removed of more) expect(removed).not.toContain(session);
      }),
    );
  });

  it('each mapping gets one decision, in their order', () => {
    fc.assert(
      fc.property(worlds, choices, (world, chosen) => {
        const decisions = decide(mappings, evidence(world), policyOf(chosen));
        expect(decisions.map((decision) => decision.mapping)).toEqual(mappings);
      }),
    );
  });
});
