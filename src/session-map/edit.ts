import type { JsonMember, JsonNode } from './json-outline.js';
import { canHold, FLAT_PROVIDER, parseSessionMapText, type SessionMap } from './parse.js';

/** A mapping to put into a map: `raw` is its value's JSON text. */
export interface Entry {
  readonly provider: string;
  readonly chat: string;
  readonly raw: string;
  /** It stood in a flat map: one that is empty becomes flat again. */
  readonly flat?: true | undefined;
}

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
  map: SessionMap,
  goes: (provider: string, chat: string) => boolean,
): string {
  const edits = map.sections.flatMap(({ provider, node }) =>
    cuts(node, (member) => goes(provider, member.key)),
  );
  return apply(map.text, edits);
}

/**
 * The map's text with these entries: one that is there gets the new value in its place, a new one is
 * added at the end of its section, written as its neighbours are; a missing section is added.
 *
 * @throws RangeError when a flat map is asked to hold another CLI's mapping
 */
export function putMappings(map: SessionMap, entries: readonly Entry[]): string {
  let current = map;
  for (const provider of new Set(entries.map((entry) => entry.provider))) {
    const group = entries.filter((entry) => entry.provider === provider);
    current = parseSessionMapText(putIntoSection(current, provider, group), map.hasByteOrderMark);
  }
  return current.text;
}

function putIntoSection(map: SessionMap, provider: string, entries: readonly Entry[]): string {
  const section = map.sections.find((candidate) => candidate.provider === provider);
  if (section !== undefined) return putIntoObject(map, section.node, entries);
  // What is left of a flat map has no sections.
  const hasSections = map.sections.some(
    ({ mappings }) => mappings.length === 0 || mappings.some(({ session }) => session !== null),
  );
  if (!hasSections && entries.every(({ flat }) => flat)) {
    return putIntoObject(map, map.root, entries);
  }
  if (!canHold(map, provider)) {
    throw new RangeError(`a flat map holds ${FLAT_PROVIDER} mappings only, not ${provider}`);
  }
  const members = entries.map(({ chat, raw }) => `${JSON.stringify(chat)}: ${raw}`);
  return apply(map.text, [
    append(map, map.root, [`${JSON.stringify(provider)}: {${members.join(', ')}}`]),
  ]);
}

function putIntoObject(map: SessionMap, node: JsonNode, entries: readonly Entry[]): string {
  const there = new Map<string, JsonMember>(node.members.map((member) => [member.key, member]));
  const edits: Edit[] = [];
  const added: string[] = [];
  const colon = colonStyle(map.text, node) ?? colonStyle(map.text, map.root) ?? ': ';
  for (const { chat, raw } of entries) {
    const member = there.get(chat);
    if (member === undefined) added.push(`${JSON.stringify(chat)}${colon}${raw}`);
    else edits.push({ start: member.value.start, end: member.value.end, text: raw });
  }
  if (added.length > 0) edits.push(append(map, node, added));
  return apply(map.text, edits);
}

/** Members added behind an object's last one, with the white space that its members have. */
function append(map: SessionMap, node: JsonNode, members: readonly string[]): Edit {
  const last = node.members.at(-1);
  if (last === undefined) {
    const { before, after } = emptyObjectStyle(map, node);
    const text = `${before}${members.join(`,${before || ' '}`)}${after}`;
    return { start: node.start + 1, end: node.end - 1, text };
  }
  const separator = separatorStyle(map.text, node);
  return {
    start: last.value.end,
    end: last.value.end,
    text: members.map((member) => `${separator}${member}`).join(''),
  };
}

function separatorStyle(text: string, node: JsonNode): string {
  const [first, second] = node.members;
  if (first !== undefined && second !== undefined) return text.slice(first.value.end, second.start);
  const lead = first === undefined ? '' : text.slice(node.start + 1, first.start);
  return `,${lead === '' ? ' ' : lead}`;
}

function colonStyle(text: string, node: JsonNode): string | undefined {
  const member = node.members.at(-1);
  return member === undefined ? undefined : text.slice(member.keyEnd, member.value.start);
}

/** In an indented map a section that was empty gets lines of its own. */
function emptyObjectStyle(map: SessionMap, node: JsonNode): { before: string; after: string } {
  const first = map.root.members[0];
  const lead = first === undefined ? '' : map.text.slice(map.root.start + 1, first.start);
  if (node === map.root || !lead.includes('\n')) return { before: '', after: '' };
  const indent = lead.slice(lead.lastIndexOf('\n') + 1);
  return { before: `${lead}${indent}`, after: lead };
}

/** The cuts that take members out of an object, with the commas and white space that go with them. */
function cuts(node: JsonNode, goes: (member: JsonMember) => boolean): Edit[] {
  const { members } = node;
  const stays = members.map((member) => !goes(member));
  const lastKept = stays.lastIndexOf(true);
  if (lastKept === -1) {
    return members.length === 0 ? [] : [cut(node.start + 1, node.end - 1)];
  }
  const edits: Edit[] = [];
  for (const [at, member] of members.entries()) {
    const next = members[at + 1];
    if (stays[at] === false && at < lastKept && next !== undefined) {
      edits.push(cut(member.start, next.start));
    }
  }
  const kept = members[lastKept];
  const end = members.at(-1);
  if (kept !== undefined && end !== undefined && end !== kept) {
    edits.push(cut(kept.value.end, end.value.end));
  }
  return edits;
}

const cut = (start: number, end: number): Edit => ({ start, end, text: '' });

/** The text with edits that do not overlap. */
function apply(text: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let position = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    pieces.push(text.slice(position, edit.start), edit.text);
    position = edit.end;
  }
  pieces.push(text.slice(position));
  return pieces.join('');
}
