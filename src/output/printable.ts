/** Nearly all texts are, and it is told in a fraction of the time. */
export const PLAIN = /^[ -~]*$/;
// Ids and paths come from outside: what could steer a terminal or forge a log line is escaped.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` with control, format and line-breaking characters as `\u{…}` escapes. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** `value` as indented JSON in which no character can steer a terminal; ends in a newline. */
export function printableJson(value: unknown): string {
  const escapedUnit = (unit: string): string =>
    `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const escaped = JSON.stringify(value, null, 2).replace(UNPRINTABLE, (char) =>
    char === '\n' ? char : char.split('').map(escapedUnit).join(''),
  );
  return `${escaped}\n`;
}
