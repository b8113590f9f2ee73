import { claude } from './claude.js';
import { codex } from './codex.js';
import { gemini } from './gemini.js';
import type { Family, Provider } from './provider.js';

export type { Family, Provider } from './provider.js';

/** Every CLI that is known. */
export const PROVIDERS: readonly Provider[] = [claude, gemini, codex];

const BY_FAMILY = new Map<string, Provider>(
  PROVIDERS.map((provider) => [provider.family, provider]),
);

/** The CLI family that a map's section belongs to: its name's part before the first hyphen. */
export function familyOf(section: string): Family | undefined {
  return BY_FAMILY.get(section.split('-', 1)[0] ?? '')?.family;
}

/** The provider of a family. */
export function providerOf(family: Family): Provider {
  const provider = BY_FAMILY.get(family);
  if (provider === undefined) throw new RangeError(`no provider for ${family}`);
  return provider;
}

/** The words of the command that takes up a mapped session again; none for one of no known CLI. */
export function resumeWords(mapping: {
  readonly family: Family | undefined;
  readonly session: string | null;
}): readonly string[] {
  if (mapping.family === undefined || mapping.session === null) return [];
  return providerOf(mapping.family).resumeCommand(mapping.session);
}
