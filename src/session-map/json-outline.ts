import { visit } from 'jsonc-parser';

/** What a JSON value is. */
export type JsonKind = 'object' | 'array' | 'string' | 'other';

/** A JSON value and where it stands in its text (offsets in UTF-16 code units, end exclusive). */
export interface JsonNode {
  readonly kind: JsonKind;
  readonly start: number;
  end: number;
  /** The decoded text of a string. */
  readonly string: string | undefined;
  /** An object's members in the order of the text, duplicates included; none below the asked depth. */
  readonly members: readonly JsonMember[];
}

/** A member of a JSON object; `start` is where its key's opening quote stands. */
export interface JsonMember {
  readonly key: string;
  readonly start: number;
  readonly keyEnd: number;
  value: JsonNode;
}

// One for all values that have none: a large map has millions of them.
const NO_MEMBERS: readonly JsonMember[] = [];
const NOTHING: JsonNode = {
  kind: 'other',
  start: 0,
  end: 0,
  string: undefined,
  members: NO_MEMBERS,
};

/**
 * Where the members of a JSON text's outer objects stand.
 *
 * @param text valid JSON (the caller has parsed it)
 * @param depth how many levels of objects to describe; deeper ones are passed over
 * @throws RangeError when the text is nested deeper than the stack allows
 */
export function outline(text: string, depth: number): JsonNode {
  let root: JsonNode = NOTHING;
  const open: { readonly node: JsonNode; readonly members: JsonMember[] }[] = [];
  let member: JsonMember | undefined;
  let level = 0;

  const begin = (
    kind: JsonKind,
    start: number,
    length: number,
    string?: string,
    members = NO_MEMBERS,
  ): JsonNode => {
    const node: JsonNode = { kind, start, end: start + length, string, members };
    if (level === 0) root = node;
    else if (level <= depth && member !== undefined) member.value = node;
    return node;
  };
  const enter = (kind: JsonKind, start: number, length: number): void => {
    const members: JsonMember[] = [];
    if (level <= depth)
      open.push({ node: begin(kind, start, length, undefined, members), members });
    // What stands inside an array belongs to no member.
    if (kind === 'array') member = undefined;
    level += 1;
  };
  const leave = (start: number, length: number): void => {
    level -= 1;
    if (level > depth) return;
    const ended = open.pop();
    if (ended !== undefined) ended.node.end = start + length;
    member = undefined;
  };

  visit(
    text,
    {
      onObjectBegin: (start, length) => enter('object', start, length),
      onArrayBegin: (start, length) => enter('array', start, length),
      onObjectEnd: leave,
      onArrayEnd: leave,
      onObjectProperty: (key, start, length) => {
        if (level > depth) return;
        member = { key, start, keyEnd: start + length, value: NOTHING };
        open.at(-1)?.members.push(member);
      },
      onLiteralValue: (value: unknown, start, length) => {
        if (level > depth) return;
        if (typeof value === 'string') begin('string', start, length, value);
        else begin('other', start, length);
      },
    },
    { disallowComments: true },
  );
  return root;
}

/** The last of the members with this key: the one that counts, as in every JSON reader of note. */
export function lastMember(node: JsonNode, key: string): JsonMember | undefined {
  return node.members.findLast((candidate) => candidate.key === key);
}
