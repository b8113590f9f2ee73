/** The CLIs that are known. */
const FAMILIES = ['claude', 'gemini', 'codex'] as const;
export type Family = (typeof FAMILIES)[number];

/** The CLI that a map's section belongs to: its name's part before the first hyphen. */
export function familyOf(section: string): Family | undefined {
  const [word] = section.split('-', 1);
  return FAMILIES.find((family) => family === word);
}
