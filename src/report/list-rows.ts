import type { Decision, State } from '../sessions/decide.js';

/** Which sessions were asked for, and in what order; undefined leaves it open. */
export interface ListChoice {
  /** A section's name, or that of a family of CLIs. */
  readonly provider: string | undefined;
  readonly state: State | 'running' | undefined;
  readonly sort: keyof typeof KEYS | undefined;
}

/** The sessions that were asked for, in the order that was asked for. */
export function chosenOf(
  decisions: Iterable<Decision>,
  { provider, state, sort }: ListChoice,
): Decision[] {
  const chosen = [...decisions].filter(
    ({ mapping, running, ...decision }) =>
      (provider === undefined || [mapping.provider, mapping.family].includes(provider)) &&
      (state === undefined || (state === 'running' ? running : decision.state === state)),
  );
  if (sort === undefined) return chosen;
  const keyOf = KEYS[sort];
  return chosen.sort((one, other) => {
    const [first, second] = [keyOf(one), keyOf(other)];
    return first < second ? -1 : Number(first > second);
  });
}

type Key = (decision: Decision) => string | number;

const KEYS = {
  // Longest idle first; sessions of which nothing is known come last.
  idle: ({ lastActivity }) => lastActivity ?? Infinity,
  provider: ({ mapping }) => mapping.provider,
  chat: ({ mapping }) => mapping.chat,
} satisfies Readonly<Record<string, Key>>;
