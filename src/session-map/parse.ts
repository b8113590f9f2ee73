import { CleanupError, reason } from '../errors.js';
import { type Family, familyOf } from './family.js';
import { foreignLooks, isMapping, isRecord, sessionIn } from './foreign.js';
import { type JsonMember, type JsonNode, outline } from './json-outline.js';

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

/** A map's text with everything found in it. Immutable: a change makes a new text. */
export interface SessionMap {
  /** The file's text, with a byte order mark where it has one. */
  readonly text: string;
  readonly shape: 'by-provider' | 'flat';
  readonly root: JsonNode;
  /** What holds the mappings of one provider each; of a flat map the root itself. */
  readonly sections: readonly {
    readonly provider: string;
    readonly node: JsonNode;
    readonly mappings: readonly Mapping[];
  }[];
  /** The members that stand beside the sections: left as they are, never cleaned. */
  readonly oddities: readonly string[];
}

const FLAT_PROVIDER = 'claude-cli';

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
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new MalformedMapError(`is not UTF-8 text, or too much of it (${reason(error)})`);
  }
  return parseSessionMapText(text);
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

/** As parseSessionMap, for a text that is decoded already. */
export function parseSessionMapText(text: string): SessionMap {
  mustBeJson(text.replace(/^\uFEFF/, ''));
  const root = outline(text, DEPTH);
  if (root.kind !== 'object') {
    const what = { array: 'an array', string: 'a string', other: 'a number, true, false or null' };
    throw new CleanupError(`holds ${what[root.kind]} where a session map is a JSON object`);
  }
  return { text, root, ...interpret(text, root) };
}

function mustBeJson(text: string): void {
  if (text.trim() === '') throw new MalformedMapError('is empty');
  try {
    JSON.parse(text);
  } catch (error) {
    // V8's message says where, except at the very end; the text itself does not belong into ours.
    const [where = 'an unexpected character', position] =
      /at position (\d+)|end of JSON/.exec(String(error)) ?? [];
    const isAtEnd = where === 'end of JSON' || Number(position) >= text.length;
    throw new MalformedMapError(`is not valid JSON (${isAtEnd ? 'it ends too early' : where})`);
  }
}

/** Every mapping of these sections, in their order; none where there is no map. */
export function mappingsOf(
  map: { readonly sections: readonly { readonly mappings: readonly Mapping[] }[] } | undefined,
): Mapping[] {
  return map?.sections.flatMap((section) => section.mappings) ?? [];
}

/** One string for a chat of a provider, whatever characters the two hold. */
export function keyOf({ provider, chat }: Pick<Mapping, 'provider' | 'chat'>): string {
  return JSON.stringify([provider, chat]);
}

/** Whether a map has room for a provider's mappings: a flat one holds Claude's alone. */
export function canHold({ shape }: SessionMap, provider: string): boolean {
  return shape !== 'flat' || provider === FLAT_PROVIDER;
}

function interpret(text: string, root: JsonNode): Omit<SessionMap, 'text' | 'root'> {
  const members = effectiveMembers(root);
  const hasChats = members.some((member) => isFlatMapping(member, false));
  const isFlat = (member: JsonMember): boolean => isFlatMapping(member, hasChats);
  const isOther = (member: JsonMember): boolean => !isFlat(member) && isSection(member);
  const looks = foreignLooks(members, isFlat, isOther);
  if (looks !== undefined)
    throw new CleanupError(`is no bridge's map of chats: it looks like ${looks}`);
  const isAllFlat = members.some(isFlat) && !members.some(isOther);
  const hasMappings = ({ value }: JsonMember): boolean =>
    value.kind === 'object' && !isRecord(value);
  const nodes = isAllFlat ? [{ key: FLAT_PROVIDER, value: root }] : members.filter(hasMappings);
  return {
    shape: isAllFlat ? 'flat' : 'by-provider',
    sections: nodes.map(({ key: provider, value: node }) => ({
      ...{ provider, node },
      mappings: effectiveMembers(node).map((member) => toMapping(text, provider, member)),
    })),
    oddities: isAllFlat ? [] : members.filter((one) => !hasMappings(one)).map(({ key }) => key),
  };
}

/** The members that count: of several with one key, the last. */
function effectiveMembers({ members }: JsonNode): readonly JsonMember[] {
  const last = new Map(members.map((member) => [member.key, member]));
  return last.size === members.length
    ? members
    : members.filter((member) => last.get(member.key) === member);
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
  return value.members.some((member) => isMapping(member.value));
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
