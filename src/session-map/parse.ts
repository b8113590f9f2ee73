import { CleanupError } from '../errors.js';
import { type Family, familyOf } from './family.js';
import { foreignLooks, isRecord, SESSION_FIELDS, tellsMore } from './foreign.js';
import { type JsonMember, type JsonNode, lastMember, outline } from './json-outline.js';

/** One chat's entry in the map. */
export interface Mapping {
  /** The section's name as the map has it; `claude-cli` in a flat map. */
  readonly provider: string;
  /** The CLI that the section belongs to; undefined for a section of no known CLI. */
  readonly family: Family | undefined;
  readonly chat: string;
  /** The mapped session's id; null when the value has no shape that we know. */
  readonly session: string | null;
  /** The value's own JSON text, as it stands in the map. */
  readonly raw: string;
}

/** Where the mappings of one provider stand in the text. */
export interface Section {
  readonly provider: string;
  readonly node: JsonNode;
  readonly mappings: readonly Mapping[];
}

/** A map's text with everything found in it. Immutable: a change makes a new text. */
export interface SessionMap {
  /** The file's text, without a byte order mark. */
  readonly text: string;
  readonly hasByteOrderMark: boolean;
  readonly shape: 'by-provider' | 'flat';
  readonly root: JsonNode;
  readonly sections: readonly Section[];
  /** What stands beside the sections and is none. */
  readonly oddities: readonly Oddity[];
}

/** A member of the map that is no section, and what that means. */
export interface Oddity {
  readonly key: string;
  readonly message: string;
}

export const FLAT_PROVIDER = 'claude-cli';

// Section, chat, and the fields of a value that is an object.
const DEPTH = 3;

/** A text that is not JSON: what a half-written file looks like, too. */
export class MalformedMapError extends CleanupError {}

/**
 * Reads a session map's bytes.
 *
 * @throws MalformedMapError when they are not JSON in UTF-8
 * @throws CleanupError when they are JSON, but no session map
 */
export function parseSessionMap(bytes: Uint8Array): SessionMap {
  const { text, hasByteOrderMark } = decode(bytes);
  return parseSessionMapText(text, hasByteOrderMark);
}

/** Whether bytes are JSON in UTF-8: all of it, not the half that a writer has come to. */
export function isWholeJson(bytes: Uint8Array): boolean {
  try {
    mustBeJson(decode(bytes).text);
    return true;
  } catch (error) {
    return !(error instanceof MalformedMapError);
  }
}

/** As parseSessionMap; undefined for bytes that are no session map. */
export function sessionMapIn(bytes: Uint8Array): SessionMap | undefined {
  try {
    return parseSessionMap(bytes);
  } catch (error) {
    if (error instanceof CleanupError) return undefined;
    throw error;
  }
}

/** As parseSessionMap, for a text that is decoded already and has no byte order mark in it. */
export function parseSessionMapText(text: string, hasByteOrderMark = false): SessionMap {
  mustBeJson(text);
  const root = outlineOf(text);
  if (root.kind !== 'object') {
    throw new CleanupError(`holds ${describe(root)} where a session map is a JSON object`);
  }
  return { text, hasByteOrderMark, root, ...interpret(text, root) };
}

function mustBeJson(text: string): void {
  if (text.trim() === '') throw new MalformedMapError('is empty');
  try {
    JSON.parse(text);
  } catch (error) {
    throw new MalformedMapError(`is not valid JSON (${syntaxProblem(error, text.length)})`);
  }
}

/** The bytes of a map whose text is `text`. */
export function encodeSessionMap(text: string, hasByteOrderMark: boolean): Buffer {
  return Buffer.from(hasByteOrderMark ? `\uFEFF${text}` : text, 'utf8');
}

/** Every mapping of the map, in its order. */
export function mappingsOf(map: SessionMap): Mapping[] {
  return map.sections.flatMap((section) => section.mappings);
}

/** One string for a chat of a provider, whatever characters the two hold. */
export function keyOf({ provider, chat }: Pick<Mapping, 'provider' | 'chat'>): string {
  return JSON.stringify([provider, chat]);
}

/** Whether a map has room for a provider's mappings: a flat one holds Claude's alone. */
export function canHold({ shape }: SessionMap, provider: string): boolean {
  return shape !== 'flat' || provider === FLAT_PROVIDER;
}

function decode(bytes: Uint8Array): Pick<SessionMap, 'text' | 'hasByteOrderMark'> {
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const hasByteOrderMark = decoded.startsWith('\uFEFF');
    return { text: hasByteOrderMark ? decoded.slice(1) : decoded, hasByteOrderMark };
  } catch (error) {
    if (error instanceof TypeError) throw new MalformedMapError('is not UTF-8 text');
    throw new CleanupError(`is too large to be read as one text (${bytes.length} bytes)`);
  }
}

function outlineOf(text: string): JsonNode {
  try {
    return outline(text, DEPTH);
  } catch (error) {
    if (error instanceof RangeError) throw new CleanupError('is nested too deeply');
    throw error;
  }
}

/** V8's message says where, except at the very end; the text itself does not belong into ours. */
function syntaxProblem(error: unknown, length: number): string {
  const message = error instanceof Error ? error.message : '';
  const position = /at position (\d+)/.exec(message)?.[1];
  const isAtEnd = message.includes('end of JSON input') || Number(position) >= length;
  if (isAtEnd) return 'it ends too early';
  return position === undefined ? 'an unexpected character' : `at position ${position}`;
}

function describe(node: JsonNode): string {
  if (node.kind === 'array') return 'an array';
  return node.kind === 'string' ? 'a string' : 'a number, true, false or null';
}

type Interpretation = Pick<SessionMap, 'shape' | 'sections' | 'oddities'>;

function interpret(text: string, root: JsonNode): Interpretation {
  const members = effectiveMembers(root);
  const hasChats = members.some((member) => isFlatMapping(member, false));
  const isFlat = (member: JsonMember): boolean => isFlatMapping(member, hasChats);
  const isOther = (member: JsonMember): boolean => !isFlat(member) && isSection(member);
  const looks = foreignLooks(members, isFlat, isOther);
  if (looks !== undefined)
    throw new CleanupError(`is no bridge's map of chats: it looks like ${looks}`);
  if (members.some(isFlat) && !members.some(isOther)) {
    const mappings = members.map((member) => toMapping(text, FLAT_PROVIDER, member));
    return {
      shape: 'flat',
      sections: [{ provider: FLAT_PROVIDER, node: root, mappings }],
      oddities: [],
    };
  }
  const sections: Section[] = [];
  const oddities: Oddity[] = [];
  for (const { key, value } of members) {
    if (value.kind !== 'object' || isRecord(value)) {
      const what =
        value.kind === 'object' ? 'is a record and no section' : 'stands beside the sections';
      oddities.push({ key, message: `${what} of the map: left as it is, never cleaned` });
      continue;
    }
    const mappings = effectiveMembers(value).map((member) => toMapping(text, key, member));
    sections.push({ provider: key, node: value, mappings });
  }
  return { shape: 'by-provider', sections, oddities };
}

/** The members that count: of several with one key, the last. */
function effectiveMembers(node: JsonNode): readonly JsonMember[] {
  const keys = new Set(node.members.map(({ key }) => key));
  if (keys.size === node.members.length) return node.members;
  const last = new Map<string, JsonMember>();
  for (const member of node.members) {
    last.delete(member.key);
    last.set(member.key, member);
  }
  return [...last.values()];
}

/** A chat at the top level: a flat map's entry. Where no other one is, a CLI's name is a section's. */
function isFlatMapping({ key, value }: JsonMember, besideOthers: boolean): boolean {
  if (value.kind === 'string') return true;
  const isOfCli = familyOf(key) !== undefined && !besideOthers;
  return value.kind === 'object' && !isOfCli && sessionIn(value) !== null;
}

/** What holds mappings, or is named as what does. */
function isSection({ key, value }: JsonMember): boolean {
  if (value.kind !== 'object' || isRecord(value)) return false;
  if (familyOf(key) !== undefined) return true;
  return value.members.some(({ value: inner }) => sessionIn(inner) !== null && !tellsMore(inner));
}

function toMapping(text: string, provider: string, { key, value }: JsonMember): Mapping {
  return {
    provider,
    family: familyOf(provider),
    chat: key,
    session: sessionIn(value),
    raw: text.slice(value.start, value.end),
  };
}

function sessionIn(value: JsonNode): string | null {
  if (value.kind === 'string') return value.string ?? null;
  for (const field of SESSION_FIELDS) {
    const member = lastMember(value, field);
    if (member?.value.kind === 'string') return member.value.string ?? null;
  }
  return null;
}
