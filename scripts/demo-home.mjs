import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

const MAP = {
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

/** The program's launcher. */
export const PROGRAM = fileURLToPath(new URL('../bin/claude-session-cleanup.js', import.meta.url));

/** A throw-away home with sessions of all three CLIs, some idle and some active, and a bridge's map. */
export class DemoHome {
  #dir = mkdtempSync(join(tmpdir(), 'cleanup-demo-'));
  #sessionDir = join(this.#dir, 'claude_sessions');
  mapFile = join(this.#sessionDir, 'session_map.json');

  constructor() {
    const { claudeIdle, claudeActive, claudeSubAgent, geminiIdle, geminiActive, codexIdle } =
      SESSIONS;
    this.#transcript(`.claude/projects/-srv-shop/${claudeIdle}.jsonl`, 16.2, { cwd: '/srv/shop' });
    this.#transcript(`.claude/projects/-srv-blog/${claudeActive}.jsonl`, 0.5, { cwd: '/srv/blog' });
    this.#transcript(`.claude/projects/-srv-blog/${claudeSubAgent}.jsonl`, 7, { cwd: '/srv/blog' });
    const subAgent = `${claudeSubAgent}/subagents/agent-0a1b2c3d.jsonl`;
    this.#transcript(`.claude/projects/-srv-blog/${subAgent}`, 0.1, {});
    for (const [id, minute, hours] of [
      [geminiIdle, '09-15', 5],
      [geminiActive, '11-40', 1],
    ]) {
      const name = `session-2026-11-20T${minute}-${id.slice(0, 8)}.jsonl`;
      this.#transcript(`.gemini/tmp/shop/chats/${name}`, hours, { sessionId: id });
    }
    const rollout = `rollout-2026-11-20T08-30-00-${codexIdle}.jsonl`;
    this.#transcript(`.codex/sessions/2026/11/20/${rollout}`, 30, { payload: { cwd: '/srv/api' } });
    mkdirSync(this.#sessionDir);
    writeFileSync(this.mapFile, JSON.stringify(MAP, null, 2));
  }

  /** The environment that has the program look at this home alone. */
  get environment() {
    return {
      PATH: process.env.PATH,
      HOME: this.#dir,
      CLAUDE_SESSION_DIR: this.#sessionDir,
      TZ: process.env.TZ,
    };
  }

  remove() {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Writes a transcript that was last written to some hours ago. */
  #transcript(path, hoursAgo, firstLine) {
    const file = join(this.#dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(firstLine)}\n`);
    const time = new Date(Date.now() - hoursAgo * HOUR_MS);
    utimesSync(file, time, time);
  }
}
