import type { State } from '../sessions/decide.js';
import type { Row } from './clean-report.js';

/** Which rows were asked for, and in what order; undefined leaves it open. */
export interface ListChoice {
  /** A section's name, or that of a family of CLIs. */
  readonly provider: string | undefined;
  readonly state: State | 'running' | undefined;
  readonly sort: keyof typeof ORDER | undefined;
}

/** The rows that were asked for, in the order that was asked for. */
export function chosenRows(rows: readonly Row[], { provider, state, sort }: ListChoice): Row[] {
  const chosen = rows.filter(
    ({ decision: { mapping, ...decision } }) =>
      (provider === undefined || [mapping.provider, mapping.family].includes(provider)) &&
      (state === undefined || (state === 'running' ? decision.running : decision.state === state)),
  );
  return sort === undefined ? chosen : chosen.sort(ORDER[sort]);
}

type Order = (one: Row, other: Row) => number;

const byProvider: Order = (one, other) =>
  compare(one.decision.mapping.provider, other.decision.mapping.provider);
const byChat: Order = (one, other) =>
  compare(one.decision.mapping.chat, other.decision.mapping.chat);
/** Longest idle first; sessions of which nothing is known come last. */
const byIdle: Order = (one, other) =>
  compare(one.decision.lastActivity ?? Infinity, other.decision.lastActivity ?? Infinity);

const ORDER = {
  idle: byIdle,
  provider: (one, other) => byProvider(one, other) || byChat(one, other),
  chat: (one, other) => byChat(one, other) || byProvider(one, other),
} satisfies Readonly<Record<string, Order>>;

function compare<T extends string | number>(one: T, other: T): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
