import type { JsonMember, JsonNode } from './json-outline.js';
import type { Mapping, SessionMap } from './parse.js';

/** A mapping to put into a map. One that stood in a flat map makes an empty one flat again. */
export type Entry = Pick<Mapping, 'provider' | 'chat' | 'raw'> & {
  readonly flat?: true | undefined;
};

/** A piece of the text, `start` to `end`, and what takes its place. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The map's text without some mappings. Every byte of those that stay is as it was; time and memory
 * grow linearly with the text.
 *
 * @param goes whether the mapping of this chat in this provider's section goes
 */
export function removeMappings(
  { text, sections }: SessionMap,
  goes: (provider: string, chat: string) => boolean,
): string {
  const edits = sections.map(({ provider, node }): Edit => {
    const { start, end } = node;
    return { start, end, text: without(text, node, ({ key }) => goes(provider, key)) };
  });
  return edited(text, edits);
}

/** An object's text without some of its members, each with the comma and the white space before it. */
function without(text: string, node: JsonNode, goes: (member: JsonMember) => boolean): string {
  const first = node.members[0];
  if (first === undefined) return text.slice(node.start, node.end);
  const kept: string[] = [];
  let end = first.start;
  for (const member of node.members) {
    const start = kept.length === 0 ? member.start : end;
    end = member.value.end;
    if (!goes(member)) kept.push(text.slice(start, end));
  }
  if (kept.length === 0) return '{}';
  return text.slice(node.start, first.start) + kept.join('') + text.slice(end, node.end);
}

/**
 * The map's text with these entries: one that is there gets the new value in its place, a new one is
 * added at the end of its section; a missing section is added.
 *
 * @param entries those that the map can hold
 */
export function putMappings(map: SessionMap, entries: readonly Entry[]): string {
  // What is left of a flat map has no sections.
  const hasSections = map.sections.some(
    ({ mappings }) => mappings.length === 0 || mappings.some(({ session }) => session !== null),
  );
  const becomesFlat = !hasSections && entries.every(({ flat }) => flat);
  const edits: Edit[] = [];
  const sections: string[] = [];
  for (const provider of new Set(entries.map((entry) => entry.provider))) {
    const group = entries.filter((entry) => entry.provider === provider);
    const section = map.sections.find((candidate) => candidate.provider === provider);
    const node = section?.node ?? (becomesFlat ? map.root : undefined);
    if (node !== undefined) {
      edits.push(...put(map, node, group));
    } else {
      const members = group.map(({ chat, raw }) => `${JSON.stringify(chat)}: ${raw}`);
      sections.push(`${JSON.stringify(provider)}: {${members.join(', ')}}`);
    }
  }
  return edited(map.text, [...edits, ...append(map, map.root, sections)]);
}

function put(map: SessionMap, node: JsonNode, entries: readonly Entry[]): Edit[] {
  const there = new Map(node.members.map(({ key, value }) => [key, value]));
  const edits: Edit[] = [];
  const added: string[] = [];
  for (const { chat, raw } of entries) {
    const value = there.get(chat);
    if (value === undefined) added.push(`${JSON.stringify(chat)}: ${raw}`);
    else edits.push({ start: value.start, end: value.end, text: raw });
  }
  return [...edits, ...append(map, node, added)];
}

/** Members added behind an object's last one, on lines of their own where its first one is. */
function append({ text }: SessionMap, node: JsonNode, members: readonly string[]): Edit[] {
  if (members.length === 0) return [];
  const first = node.members[0];
  const last = node.members.at(-1);
  const separator = `,${(first && text.slice(node.start + 1, first.start)) || ' '}`;
  const added = members.join(separator);
  if (last === undefined) return [{ start: node.start, end: node.end, text: `{${added}}` }];
  return [{ start: last.value.end, end: last.value.end, text: separator + added }];
}

/** The text with edits that do not overlap. */
function edited(text: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let position = 0;
  for (const edit of [...edits].sort((one, other) => one.start - other.start)) {
    pieces.push(text.slice(position, edit.start), edit.text);
    position = edit.end;
  }
  return pieces.join('') + text.slice(position);
}
