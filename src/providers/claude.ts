import { basename, dirname } from 'node:path';
import type { Provider } from './provider.js';
import { sessionsInside } from './sessions-inside.js';
import { directoryInside } from './working-directory.js';

/**
 * Claude Code (layout seen in 1.0.44, 1.0.128, 2.0.55, 2.1.20, 2.1.197 and 2.1.330):
 * `projects/<slug>/<id>.jsonl`; its sub-agents and tool results below `projects/<slug>/<id>/`, which
 * can be written to while the main file stands still; in 2.0.55 sub-agents lie beside it as
 * `agent-<8 hex>.jsonl`, with the parent's id only in their `sessionId`; a bridge that takes the
 * newest file for a session's maps `agent-<8 hex>`. The slug is a lossy form of the working directory,
 * so a session is looked for in all of them.
 */
export const claude: Provider = {
  family: 'claude',
  label: 'Claude Code',
  rootVariable: 'CLAUDE_CONFIG_DIR',
  rootFrom: (value) => value,
  rootName: '.claude',

  entryOf(directory, name) {
    if (directory.length === 0 && name !== 'projects') return undefined;
    if (directory.length < 2) return { names: 'directory' };
    if (!name.endsWith(TRANSCRIPT)) return { names: 'directory', session: name };
    const session = name.slice(0, -TRANSCRIPT.length);
    return { names: AGENT.test(session) ? 'sub-agent' : 'whole', session };
  },

  ownerOf: ([, , session]) => session,
  sessionsInside,
  projectOf: (transcript) => directoryInside(transcript) ?? basename(dirname(transcript)),
  resumeCommand: (session) => ['claude', '--resume', session],
};

const TRANSCRIPT = '.jsonl';
const AGENT = /^agent-[0-9a-f]+$/;
