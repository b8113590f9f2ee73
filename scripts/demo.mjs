// Shows the main job on a throw-away home: sessions of all three CLIs, some idle and some active, and a
// bridge's map of them. Nothing of yours is read or changed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const launcher = join(dirname(fileURLToPath(import.meta.url)), '../bin/claude-session-cleanup.js');
const home = mkdtempSync(join(tmpdir(), 'claude-session-cleanup-demo-'));
const sessionDir = join(home, 'claude_sessions');
const mapFile = join(sessionDir, 'session_map.json');
const HOUR_MS = 3600 * 1000;

const SESSIONS = {
  claudeIdle: '0856b851-6f0e-4a39-9d7e-1f2a3b4c5d6e',
  claudeActive: 'b1c8d3f9-2a4b-4c6d-8e0f-a1b2c3d4e5f6',
  claudeSubAgent: '5e2f7a10-9b8c-4d7e-a6f5-0c1d2e3f4a5b',
  claudeGone: 'c0ffee00-1234-4abc-8def-0123456789ab',
  geminiIdle: '7d9e4c21-3b5a-4f8e-9c0d-6a7b8c9d0e1f',
  geminiActive: '7d9e4c21-ffff-4f8e-9c0d-6a7b8c9d0e1f',
  codexIdle: '019ab2c4-5d6e-7f80-9a1b-2c3d4e5f6071',
};

transcript(`.claude/projects/-srv-shop/${SESSIONS.claudeIdle}.jsonl`, 16.2, {});
transcript(`.claude/projects/-srv-blog/${SESSIONS.claudeActive}.jsonl`, 0.5, {});
transcript(`.claude/projects/-srv-blog/${SESSIONS.claudeSubAgent}.jsonl`, 7, {});
const subAgent = `${SESSIONS.claudeSubAgent}/subagents/agent-0a1b2c3d.jsonl`;
transcript(`.claude/projects/-srv-blog/${subAgent}`, 0.1, {});
for (const [id, minute, hours] of [
  [SESSIONS.geminiIdle, '09-15', 5],
  [SESSIONS.geminiActive, '11-40', 1],
]) {
  const name = `session-2026-11-20T${minute}-${id.slice(0, 8)}.jsonl`;
  transcript(`.gemini/tmp/shop/chats/${name}`, hours, { sessionId: id });
}
const rollout = `rollout-2026-11-20T08-30-00-${SESSIONS.codexIdle}.jsonl`;
transcript(`.codex/sessions/2026/11/20/${rollout}`, 30, {});

mkdirSync(sessionDir);
const map = {
  'claude-cli': {
    'dace53ab-orders': SESSIONS.claudeIdle,
    'f4a9c2e8-posts': SESSIONS.claudeActive,
    '31d07b6f-drafts': SESSIONS.claudeSubAgent,
    '77aa10cc-lost': SESSIONS.claudeGone,
  },
  'gemini-cli': {
    '9b3e5d71-prices': SESSIONS.geminiIdle,
    'e8c4a6b2-photos': SESSIONS.geminiActive,
  },
  'codex-cli': { '4f2d8c90-deploy': SESSIONS.codexIdle },
};
writeFileSync(mapFile, JSON.stringify(map, null, 2));
const before = readFileSync(mapFile, 'utf8');

try {
  heading('A dry run: what would be done, and nothing is written');
  cleanup('--dry-run');
  heading('A real run: mappings of sessions idle for more than 2 hours go');
  cleanup();
  heading('The map before');
  console.log(before);
  heading('The map after');
  console.log(readFileSync(mapFile, 'utf8'));
  heading('What can be put back (restore --all would do it)');
  cleanup('restore');
} finally {
  rmSync(home, { recursive: true, force: true });
}

/** Writes a transcript that was last written to some hours ago. */
function transcript(path, hoursAgo, firstLine) {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(firstLine)}\n`);
  const time = new Date(Date.now() - hoursAgo * HOUR_MS);
  utimesSync(file, time, time);
}

/** Runs the program on the throw-away home alone. */
function cleanup(...args) {
  console.log(`$ claude-session-cleanup ${args.join(' ')}`.trimEnd());
  const { status } = spawnSync(process.execPath, [launcher, ...args], {
    stdio: 'inherit',
    env: { PATH: process.env.PATH, HOME: home, CLAUDE_SESSION_DIR: sessionDir, TZ: process.env.TZ },
  });
  if (status !== 0) process.exitCode = 1;
}

function heading(text) {
  console.log(`\n### ${text}\n`);
}
