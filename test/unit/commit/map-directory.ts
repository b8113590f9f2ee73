import fs, {
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { type Kernel, loadKernel } from '../../../src/commit/kernel.js';
import type { Change } from '../../../src/commit/publish.js';
import { Problems } from '../../../src/output/problems.js';
import { removeMappings } from '../../../src/session-map/edit.js';
import { locateMap, type MapLocation } from '../../../src/session-map/location.js';
import type { SessionMap } from '../../../src/session-map/parse.js';

/** The real one. */
export const KERNEL = loadKernel(join(import.meta.dirname, '../../..'));

/** Its exchange, also while another one stands in its place. */
export const realExchange = KERNEL.exchange;

/** The real kernel but for some answers. */
export function kernelThat(answers: Partial<Kernel>): Kernel {
  return { ...KERNEL, ...answers };
}

/** The answers one after the other, then those of the real kernel. */
export function inTurn<A extends unknown[], R>(
  answers: readonly ((...args: NoInfer<A>) => NoInfer<R>)[],
  then: (...args: A) => R,
): (...args: A) => R {
  const left = [...answers];
  return (...args) => (left.shift() ?? then)(...args);
}

export type Chats = Readonly<Record<string, string>>;

/** A directory with a map in it; gone after the test. */
export class MapDirectory {
  readonly location: MapLocation;

  constructor(chats: Chats) {
    const directory = mkdtempSync(join(tmpdir(), 'cleanup-commit-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    this.location = locateMap(directory, true, new Problems());
    this.write(chats);
  }

  get path(): string {
    return this.location.path;
  }

  /** In place, as a bridge does. */
  write(chats: Chats): void {
    writeFileSync(this.path, JSON.stringify({ 'claude-cli': chats }));
  }

  /** As other programs do: a new file, renamed over the map. */
  rename(chats: Chats): void {
    const next = `${this.path}.next`;
    writeFileSync(next, JSON.stringify({ 'claude-cli': chats }));
    renameSync(next, this.path);
  }

  link(): void {
    linkSync(this.path, `${this.path}.second`);
  }

  get chats(): Chats {
    return JSON.parse(readFileSync(this.path, 'utf8'))['claude-cli'];
  }

  get inode(): number {
    return lstatSync(this.path).ino;
  }

  get names(): string[] {
    return readdirSync(this.location.directory).sort();
  }
}

/** A change that takes the chat `idle` out. */
export function withoutIdle(
  map: SessionMap,
  { announce = () => {}, holds = () => true }: Partial<Change> = {},
): Change {
  return { text: removeMappings(map, (_, chat) => chat === 'idle'), announce, holds };
}

/** Makes each look at the clock find it so much later, ms; from the look `after` on. */
export function hastenClock(step: number, after = 0): void {
  const start = performance.now();
  let looks = 0;
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => {
    looks += 1;
    return start + Math.max(0, looks - after) * step;
  });
  onTestFinished(() => spy.mockRestore());
}

/** Has a function of node:fs do something else. */
export function insteadOf(
  name: 'fchmodSync' | 'fchownSync' | 'fsyncSync',
  work: (file: number) => void,
) {
  const spy = vi.spyOn(fs, name).mockImplementation(work);
  syncBuiltinESMExports();
  onTestFinished(() => {
    spy.mockRestore();
    syncBuiltinESMExports();
  });
  return spy;
}

/** Has the real kernel, which the program's own parts load, exchange names in this way. */
export function exchangeBy(exchange: Kernel['exchange']): void {
  const spy = vi.spyOn(KERNEL, 'exchange').mockImplementation(exchange);
  onTestFinished(() => spy.mockRestore());
}
