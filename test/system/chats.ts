import { randomUUID } from 'node:crypto';
import { type Machine, quote } from './machine.js';

/** A bridge's map, and the transcripts of its sessions. */
export interface Chats {
  readonly user: string;
  readonly dir: string;
  /** Chats whose sessions were last active five hours ago. */
  readonly idle?: readonly string[];
  /** Chats whose sessions are active now. */
  readonly active?: readonly string[];
}

const IDLE = '5 hours ago';

/** Makes what a bridge and Claude Code leave on the disk. Returns each chat's session. */
export async function makeChats(
  machine: Machine,
  { user, dir, idle = [], active = [] }: Chats,
): Promise<Readonly<Record<string, string>>> {
  const ages = [...idle.map((chat) => [chat, IDLE]), ...active.map((chat) => [chat, 'now'])];
  const sessions = Object.fromEntries(ages.map(([chat]) => [chat, randomUUID()]));
  const transcripts = ages.map(([chat = '', age]) => {
    const file = `~/.claude/projects/-work/${sessions[chat]}.jsonl`;
    return `echo '{}' >${file}; touch -d '${age}' ${file}`;
  });
  await machine.run(
    `runuser -l ${user} -c ${quote(
      [
        `mkdir -p ~/.claude/projects/-work ${quote(dir)}`,
        `cat >${quote(`${dir}/session_map.json`)}`,
        ...transcripts,
      ].join('\n'),
    )}`,
    JSON.stringify({ 'claude-cli': sessions }),
  );
  return sessions;
}

/** A shell condition: the map has these chats left, and no others. */
export function chatsLeft(dir: string, chats: readonly string[]): string {
  const want = JSON.stringify(chats);
  const program = `
    const map = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
    const left = Object.keys(map["claude-cli"]);
    process.exit(JSON.stringify(left) === process.argv[2] ? 0 : 1)`;
  return `node -e ${quote(program)} ${quote(`${dir}/session_map.json`)} ${quote(want)}`;
}
