import type { Mapping } from '../session-map/parse.js';

/** How a mapping can stand. */
export const STATES = ['active', 'idle', 'missing', 'unreadable', 'unrecognized'] as const;
export type State = (typeof STATES)[number];

/** What keeps a mapping. */
export type KeptBecause = 'active' | 'running' | 'rule' | 'missing' | 'doubt' | 'guard';

/** What is to become of one mapping. */
export interface Decision {
  readonly mapping: Mapping;
  readonly state: State;
  /** ms since the epoch; null without a transcript, too. */
  readonly lastActivity: number | null;
  readonly transcript: string | null;
  readonly running: boolean;
  /** Null when it goes. */
  readonly keptBecause: KeptBecause | null;
}
