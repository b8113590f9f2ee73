// The floor: what a run does at least (read the map, the directories' names and the mapped sessions' times,
// print a report) as a script without packages, checks, or care for other programs.
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { join } = require('node:path');

const HOUR_MS = 3600 * 1000;
const THRESHOLD_HOURS = 2;
const home = process.env.HOME;
const map = JSON.parse(readFileSync(join(process.env.CLAUDE_SESSION_DIR, 'session_map.json')));
const trees = {
  'claude-cli': ['.claude/projects', (name) => name.slice(0, -'.jsonl'.length)],
  'gemini-cli': ['.gemini/tmp', (name) => name.slice(-'12345678.jsonl'.length, -'.jsonl'.length)],
  'codex-cli': ['.codex/sessions', (name) => name.slice(-'.jsonl'.length - 36, -'.jsonl'.length)],
};
const lines = ['='.repeat(80), 'Claude CLI Session Cleanup - Starting', '='.repeat(80)];
const now = Date.now();
let idle = 0;
for (const [section, chats] of Object.entries(map)) {
  const [tree, keyOf] = trees[section];
  const wanted = new Set(
    Object.values(chats).map((id) => (section === 'gemini-cli' ? id.slice(0, 8) : id)),
  );
  const times = new Map();
  walk(join(home, tree), (directory, name) => {
    const key = keyOf(name);
    if (!wanted.has(key)) return;
    const { mtimeMs } = statSync(`${directory}/${name}`);
    times.set(key, Math.max(mtimeMs, times.get(key) ?? 0));
  });
  lines.push('', `Processing ${section} sessions (${Object.keys(chats).length} chats)`);
  for (const [chat, id] of Object.entries(chats)) {
    const last = times.get(section === 'gemini-cli' ? id.slice(0, 8) : id);
    const hours = (now - last) / HOUR_MS;
    const [mark, state] = hours > THRESHOLD_HOURS ? ['🧹', 'idle for'] : ['✅', 'active'];
    idle += hours > THRESHOLD_HOURS ? 1 : 0;
    lines.push(
      `  ${mark} ${section}/${chat.slice(0, 8)}: Session ${id.slice(0, 8)} ${state} ${hours.toFixed(1)}h ` +
        `(last: ${new Date(last).toISOString()})`,
    );
  }
}
lines.push('', `Idle sessions: ${idle}`);
process.stdout.write(`${lines.join('\n')}\n`);

function walk(directory, visit) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) walk(`${directory}/${entry.name}`, visit);
    else if (entry.name.endsWith('.jsonl')) visit(directory, entry.name);
  }
}
