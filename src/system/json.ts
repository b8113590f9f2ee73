/** A JSON object that nobody has looked into yet. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** What a JSON text says; undefined for one that is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether a value has what an outline has: '' is any text, a list has any number of what is its first.
 * What the outline does not name may be anything.
 */
export function isLike(value: unknown, outline: unknown): boolean {
  if (Array.isArray(outline)) {
    return Array.isArray(value) && value.every((one) => isLike(one, outline[0]));
  }
  if (!isRecord(outline)) return typeof value === typeof outline;
  return (
    isRecord(value) && Object.keys(outline).every((name) => isLike(value[name], outline[name]))
  );
}
