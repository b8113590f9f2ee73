import { parseJson } from '../system/json.js';

/** A JSON value and where it stands in its text (offsets in UTF-16 code units, end exclusive). */
export interface JsonNode {
  readonly kind: 'object' | 'array' | 'string' | 'other';
  readonly start: number;
  readonly end: number;
  /** The decoded text of a string. */
  readonly string: string | undefined;
  /** An object's members in the order of the text, duplicates included; none below the asked depth. */
  readonly members: readonly JsonMember[];
}

/** A member of a JSON object; `start` is where its key stands. */
export interface JsonMember {
  readonly key: string;
  readonly start: number;
  readonly value: JsonNode;
}

// One for all values that have none: a large map has millions of them.
const NO_MEMBERS: readonly JsonMember[] = [];
// A byte order mark stands before it all.
const SPACE = ' \t\r\n\uFEFF';
const BEHIND_A_WORD = `,]}${SPACE}`;

/**
 * Where the members of a JSON text's outer objects stand. Not by JSON.parse: that of Node 24 and 26 can
 * mistake one escaped key for another (nodejs/node#63785), and forgets the places.
 *
 * @param text valid JSON, or its beginning: an unfinished value ends where the text does, or behind it
 * @param depth how many levels of objects to describe; deeper ones are passed over
 */
export function outline(text: string, depth: number): JsonNode {
  let at = 0;
  return value(depth);

  /** Goes to the next character that is no white space; '' at the end. */
  function next(): string {
    while (at < text.length && SPACE.includes(text.charAt(at))) at += 1;
    return text.charAt(at);
  }

  function value(levels: number): JsonNode {
    const first = next();
    const start = at;
    let kind: JsonNode['kind'] = 'other';
    let string: string | undefined;
    let members = NO_MEMBERS;
    if (first === '"') {
      kind = 'string';
      string = stringHere();
    } else if (first === '{' || first === '[') {
      kind = first === '{' ? 'object' : 'array';
      if (kind === 'object' && levels > 0) members = membersHere(levels - 1);
      else passBrackets();
    } else {
      while (at < text.length && !BEHIND_A_WORD.includes(text.charAt(at))) at += 1;
    }
    return { kind, start, end: at, string, members };
  }

  function membersHere(levels: number): JsonMember[] {
    const members: JsonMember[] = [];
    at += 1;
    while (next() === '"') {
      const start = at;
      const key = stringHere();
      if (next() === ':') at += 1;
      members.push({ key, start, value: value(levels) });
      if (next() === ',') at += 1;
    }
    at += 1;
    return members;
  }

  function stringHere(): string {
    const start = at;
    for (at += 1; at < text.length && text.charAt(at) !== '"'; at += 1) {
      if (text.charAt(at) === '\\') at += 1;
    }
    at += 1;
    const inside = text.slice(start + 1, at - 1);
    return inside.includes('\\') ? String(parseJson(text.slice(start, at)) ?? inside) : inside;
  }

  function passBrackets(): void {
    let open = 0;
    do {
      const unit = text.charAt(at);
      if (unit === '"') stringHere();
      else at += 1;
      if (unit === '{' || unit === '[') open += 1;
      if (unit === '}' || unit === ']') open -= 1;
    } while (open > 0 && at < text.length);
  }
}

/** The last of the members with this key: the one that counts, as in every JSON reader of note. */
export function lastMember(node: JsonNode, key: string): JsonMember | undefined {
  return node.members.findLast((candidate) => candidate.key === key);
}
