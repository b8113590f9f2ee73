import type { Restorable } from '../journal/restorable.js';

/** A removed mapping and what became of it. */
export interface RestoreRow {
  readonly removal: Restorable;
  /** `kept`: the chat is mapped meanwhile, and stays as it is, or the map has no room for its CLI. */
  readonly action: 'restorable' | 'restored' | 'would-restore' | 'kept';
}

/** Everything that a report of `restore` tells. */
export interface RestoreReport {
  readonly dryRun: boolean;
  /** Nothing was named: it only tells what could be restored. */
  readonly isListing: boolean;
  /** False when there is no map yet. */
  readonly hasMap: boolean;
  /** The map's path, as the user knows it. */
  readonly map: string;
  /** Newest first. */
  readonly rows: readonly RestoreRow[];
}
