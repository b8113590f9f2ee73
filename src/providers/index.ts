import type { Family } from '../session-map/family.js';
import { claude } from './claude.js';
import { codex } from './codex.js';
import { gemini } from './gemini.js';
import type { Provider } from './provider.js';

export type { Family, Provider };

/** The CLIs' own directories. */
export type Roots = Readonly<Record<Family, string>>;

const BY_FAMILY: Readonly<Record<Family, Provider>> = { claude, gemini, codex };

/** Every CLI that is known, in the order in which they are shown. */
export const PROVIDERS: readonly Provider[] = Object.values(BY_FAMILY);

/** The provider of a family. */
export function providerOf(family: Family): Provider {
  return BY_FAMILY[family];
}
