// Makes homes like real ones: transcripts of the three CLIs in their real layouts, and a bridge's map of
// some of the sessions. The same numbers give the same tree; only the times move with the clock.
import {
  closeSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// How the transcripts are shared out. A sub-agent's transcript is one, too.
const SHARES = { claude: 0.45, subAgent: 0.05, gemini: 0.2, codex: 0.3 };

/** The threshold is 2 h: nothing lies near it, so that it decides the same during a whole run. */
const ACTIVE_WITHIN = HOUR;
const IDLE_SINCE = 2.5 * HOUR;
const ACTIVE_SHARE = 0.2;

/**
 * Makes a home with `.claude`, `.gemini` and `.codex`.
 *
 * @param {string} home
 * @param {{ transcripts: number, days: number, projects: number, only?: string }} size how many files, over
 *   how long a time, in how many projects, and of which CLI alone
 * @returns {{ family: string, id: string }[]} its sessions, the newest first
 */
export function makeTree(home, { transcripts, days, projects, only }) {
  const random = randomNumbers(transcripts);
  const now = Date.now();
  const slugs = Array.from({ length: projects }, () => `-srv-${hex(random, 6)}-${hex(random, 4)}`);
  const made = new Set();
  const sessions = [];
  for (let left = transcripts; left > 0; left -= 1) {
    const age = (left / transcripts) ** 1.5 * days * DAY;
    const active = age < 10 * DAY && random() < ACTIVE_SHARE;
    const end = now - (active ? random() * ACTIVE_WITHIN : Math.max(IDLE_SINCE, age));
    const start = now - age - IDLE_SINCE - random() * HOUR;
    // The lower the number, the busier the project.
    const slug = slugs[Math.floor(random() ** 2 * projects)];
    const family = only ?? pick(random);
    const session = { family, id: sessionId(family, start, random) };
    write(join(home, pathOf(session, slug, start)), firstLine(session, start), end);
    sessions.push(session);
    if (family === 'claude' && left > 1 && random() < SHARES.subAgent / SHARES.claude) {
      left -= 1;
      const agent = `.claude/projects/${slug}/${session.id}/subagents/agent-${hex(random, 17)}.jsonl`;
      // Its parent waits for it, so the parent's own transcript is the newer one.
      write(join(home, agent), firstLine(session, start), (start + end) / 2);
    }
  }
  return sessions.reverse();

  function write(path, line, time) {
    const directory = dirname(path);
    if (!made.has(directory)) mkdirSync(directory, { recursive: true });
    made.add(directory);
    const file = openSync(path, 'wx');
    writeSync(file, line);
    futimesSync(file, time / 1000, time / 1000);
    closeSync(file);
  }
}

/**
 * Adds sub-agents' transcripts as Claude Code 2.0 left them: beside their sessions' own, which only the
 * `sessionId` inside tells.
 *
 * @param {string} home
 * @param {{ family: string, id: string }[]} sessions
 * @param {number} count
 */
export function addSubAgents(home, sessions, count) {
  const random = randomNumbers(count);
  const parents = sessions.filter(({ family }) => family === 'claude');
  const projects = join(home, '.claude/projects');
  const [slug] = readdirSync(projects);
  const time = (Date.now() - IDLE_SINCE) / 1000;
  for (let left = count; left > 0; left -= 1) {
    const path = join(projects, slug, `agent-${hex(random, 8)}.jsonl`);
    writeFileSync(path, firstLine(parents[left % parents.length], time * 1000));
    utimesSync(path, time, time);
  }
}

/**
 * Sessions as a bridge maps them: most of them new, and a few that are older.
 *
 * @param {{ family: string, id: string }[]} sessions the newest first
 * @param {number} count
 */
export function mostlyRecent(sessions, count) {
  const recent = Math.round(0.9 * count);
  const newest = Math.max(recent, Math.floor(sessions.length / 10));
  const older = sessions.slice(newest, Math.floor(sessions.length / 2));
  return [...spread(sessions.slice(0, newest), recent), ...spread(older, count - recent)];
}

/** So many of these, at equal distances; the last one is always among them. */
export function spread(sessions, count) {
  const step = sessions.length / count;
  return Array.from({ length: count }, (_, at) => sessions[Math.ceil((at + 1) * step) - 1]);
}

/** Writes the map as the bridge does: compact, one section for each CLI. */
export function writeMap(directory, sessions) {
  const random = randomNumbers(sessions.length);
  const map = { 'claude-cli': {}, 'codex-cli': {}, 'gemini-cli': {} };
  for (const { family, id } of sessions) map[`${family}-cli`][uuid(random, '4')] = id;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'session_map.json'), JSON.stringify(map));
}

function pick(random) {
  const sessions = SHARES.claude + SHARES.gemini + SHARES.codex;
  const at = random() * sessions;
  if (at < SHARES.claude) return 'claude';
  return at < SHARES.claude + SHARES.gemini ? 'gemini' : 'codex';
}

function pathOf({ family, id }, slug, start) {
  if (family === 'claude') return `.claude/projects/${slug}/${id}.jsonl`;
  if (family === 'gemini') {
    const minute = new Date(start).toISOString().slice(0, 16).replace(':', '-');
    return `.gemini/tmp/${slug.slice(1)}/chats/session-${minute}-${id.slice(0, 8)}.jsonl`;
  }
  const local = new Date(start - new Date(start).getTimezoneOffset() * MINUTE).toISOString();
  const folder = local.slice(0, 10).replaceAll('-', '/');
  return `.codex/sessions/${folder}/rollout-${local.slice(0, 19).replaceAll(':', '-')}-${id}.jsonl`;
}

function firstLine({ family, id }, start) {
  const timestamp = new Date(start).toISOString();
  const line = {
    claude: { type: 'user', sessionId: id, cwd: '/srv', version: '2.1.330', timestamp },
    gemini: { sessionId: id, projectHash: '', startTime: timestamp, lastUpdated: timestamp },
    codex: { timestamp, type: 'session_meta', payload: { id, timestamp, cwd: '/srv' } },
  }[family];
  return `${JSON.stringify(line)}\n`;
}

/** Codex names sessions by UUIDv7, which begin with their time, the others by UUIDv4. */
function sessionId(family, start, random) {
  if (family !== 'codex') return uuid(random, '4');
  const time = Math.floor(start).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${uuid(random, '7').slice(13)}`;
}

function uuid(random, version) {
  return `${hex(random, 8)}-${hex(random, 4)}-${version}${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 12)}`;
}

function hex(random, digits) {
  let text = '';
  while (text.length < digits)
    text += Math.floor(random() * 0x10000)
      .toString(16)
      .padStart(4, '0');
  return text.slice(0, digits);
}

/** mulberry32: the same seed gives the same numbers. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
