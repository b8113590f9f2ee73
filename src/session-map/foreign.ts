import { familyOf } from './family.js';
import { type JsonMember, type JsonNode, lastMember } from './json-outline.js';

// Other programs keep files of the same name, or are started beside the wrong directory. Seen in public ones:
// six-ddc/ccbot and EncrEor/metroclaude map tmux windows (`ccbot:@0`, later and earlier the window's name) to
// `{session_id, cwd, window_name}`; others keep `{claudeSessionId, lastUsedAt}` by ids of their own, or
// `{version, chats: {…}}`. The bridge's own map has a section for each of the CLIs, always, or is flat.
const WINDOW = /^(?:.*:)?@\d+$/;
// What no chat is called, and what none is called in a row.
const FIELD =
  /^(?:\w*session_?id|cwd|\w*work(?:ing)?_?dir\w*|project_?(?:dir|path)|transcript_?path|window_?(?:id|name)|provider_?name|(?:created|updated|started)_?(?:at|on)?|last_?(?:used|active|activity|seen|message|updated?)\w*|timestamp)$/i;
const USUAL_FIELD =
  /^(?:id|resume|model|title|status|pid|version|name|type|path|project|agent|provider|metadata|sessions|chats)$/i;
const MOST_FIELDS = 40;

const SESSION_FIELDS = ['session_id', 'sessionId'];

/** The session's id in a mapping's value; null in one of a shape that we do not know. */
export function sessionIn(value: JsonNode): string | null {
  if (value.string !== undefined) return value.string;
  const fields = SESSION_FIELDS.map((field) => lastMember(value, field)?.value.string);
  return fields.find((session) => session !== undefined) ?? null;
}

/** Whether it is a mapping's value, and tells no more of its session than a bridge does. */
export function isMapping(value: JsonNode): boolean {
  return sessionIn(value) !== null && !tellsMore(value);
}

/** Whether an object's members are the fields of one record, and no chats: not a section, never taken apart. */
export function isRecord({ members }: JsonNode): boolean {
  if (members.length === 0 || members.length > MOST_FIELDS) return false;
  return hasField(members) || members.every(({ key }) => USUAL_FIELD.test(key));
}

/** Whether a value tells of its session what no bridge writes: where it works, and since when. */
function tellsMore({ members }: JsonNode): boolean {
  return hasField(members.filter(({ key }) => !SESSION_FIELDS.includes(key)));
}

/**
 * What a JSON object looks like that is no bridge's map of chats, in words; undefined for a map.
 *
 * @param members those that count
 * @param isChat whether one of them is a chat of a flat map
 * @param isSection whether one of them holds mappings
 */
export function foreignLooks(
  members: readonly JsonMember[],
  isChat: (member: JsonMember) => boolean,
  isSection: (member: JsonMember) => boolean,
): string | undefined {
  const windows = members.filter(({ key }) => WINDOW.test(key));
  const areAllWindows = windows.length > 0 && windows.length === members.length;
  if (areAllWindows || windows.some(({ value }) => value.kind === 'object')) {
    return `one of terminal windows (${named(windows)})`;
  }
  const isState = members.length > 1 && members.every(({ key }) => USUAL_FIELD.test(key));
  if (hasField(members) || isState) return `a program's own state (${named(members)})`;
  const ofClis = members.filter(({ key }) => familyOf(key) !== undefined);
  const hasSections = ofClis.some(isSection);
  // Beside real sections one is left alone, unless it has a section's name.
  const records = (hasSections ? ofClis : members).filter(
    (member) => isRecord(member.value) && !(isChat(member) && !tellsMore(member.value)),
  );
  if (records.length > 0) return `records of sessions (${named(records)})`;
  if (hasSections) return undefined;
  const sections = members.filter(isSection);
  const isOther = sections.length > 0 && members.some(({ value }) => value.kind !== 'object');
  const stores = members.filter((member) => !isChat(member) && isStore(member));
  if (!isOther && stores.length === 0) return undefined;
  return `another program's sessions (${named(isOther ? sections : stores)})`;
}

function hasField(members: readonly JsonMember[]): boolean {
  return members.length <= MOST_FIELDS && members.some(({ key }) => FIELD.test(key));
}

/** Whether it holds lists, or objects that are no mapping's value. */
function isStore({ value: { kind, members } }: JsonMember): boolean {
  return (
    kind === 'array' || members.some(({ value }) => value.kind === 'object' && !isMapping(value))
  );
}

function named([first]: readonly JsonMember[]): string {
  return `"${first?.key.slice(0, 40)}"`;
}
