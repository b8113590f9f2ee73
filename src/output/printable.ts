// Ids and paths come from outside: what could steer a terminal or forge a log line is escaped.
// Nearly all there is; told in a fraction of the time.
const PLAIN = /^[ -~]*$/;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` with control, format and line-breaking characters as `\u{…}` escapes. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

const SHORT_LENGTH = 8;

/** The first 8 characters of an id, as reports show it, made printable. */
export function shortId(id: string): string {
  const start = id.slice(0, 2 * SHORT_LENGTH);
  if (PLAIN.test(start)) return start.slice(0, SHORT_LENGTH);
  return printable(
    Array.from(id.slice(0, 2 * SHORT_LENGTH))
      .slice(0, SHORT_LENGTH)
      .join(''),
  );
}

/** `value` as indented JSON in which no character can steer a terminal; ends in a newline. */
export function printableJson(value: unknown): string {
  const json = JSON.stringify(value, null, 2);
  const escaped = json.replace(UNPRINTABLE, (char) =>
    char === '\n'
      ? char
      : Array.from(
          { length: char.length },
          (_, unit) => `\\u${char.charCodeAt(unit).toString(16).padStart(4, '0')}`,
        ).join(''),
  );
  return `${escaped}\n`;
}
