/** The hardened services see what their user's CLIs are doing, and keep those sessions. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Machine } from './machine.js';
import { asUser, describeSystem, INSTALL, SESSIONS, test, USER } from './test.js';

const STAND_IN = '/opt/cli/wait.js';

interface InUse {
  /** The map of three chats that are being answered, one of each CLI, and three that are idle. */
  readonly map: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly left: InUse['map'];
}

describeSystem('a session whose CLI runs right now', () => {
  test('is kept by the system service, whatever its age', async ({ machine }) => {
    const { map, left } = await makeSessions(machine);
    await machine.run(`${INSTALL} --systemd`);
    expect(await mapOf(machine)).toEqual(map);
    await answer(machine, map);
    await machine.run('systemctl start claude-session-cleanup.service');
    expect(await mapOf(machine)).toEqual(left);
  });

  test("is kept by a user's own service", async ({ machine }) => {
    await machine.run(`loginctl enable-linger ${USER}`);
    const { map, left } = await makeSessions(machine);
    await asUser(machine, `${INSTALL} --user --instance mine --session-dir ${SESSIONS}`);
    await answer(machine, map);
    await asUser(machine, 'systemctl --user start claude-session-cleanup@mine.service');
    expect(await mapOf(machine)).toEqual(left);
  });
});

/** Sessions of all three CLIs, idle for five hours. */
async function makeSessions(machine: Machine): Promise<InUse> {
  const map = Object.fromEntries(
    ['claude-cli', 'codex-cli', 'gemini-cli'].map((provider) => [
      provider,
      { busy: randomUUID(), old: randomUUID() },
    ]),
  );
  const left = Object.fromEntries(
    Object.entries(map).map(([provider, { busy = '' }]) => [provider, { busy }]),
  );
  const files = Object.entries(map).flatMap(([provider, chats]) =>
    Object.values(chats).map((session) => transcript(provider, session)),
  );
  const make = files.map(
    ([path, text]) =>
      `mkdir -p $(dirname ${path}); echo '${text}' >${path}; touch -d '5 hours ago' ${path}`,
  );
  await asUser(
    machine,
    [`mkdir -m 700 ${SESSIONS}; cat >${SESSIONS}/session_map.json`, ...make].join('\n'),
    JSON.stringify(map),
  );
  return { map, left };
}

function transcript(provider: string, session: string): readonly [path: string, text: string] {
  if (provider === 'claude-cli') return [`.claude/projects/-work/${session}.jsonl`, '{}'];
  if (provider === 'codex-cli') {
    const name = `rollout-2026-11-20T10-00-00-${session}.jsonl`;
    return [`.codex/sessions/2026/11/20/${name}`, '{}'];
  }
  const name = `session-2026-11-20T10-00-${session.slice(0, 8)}.jsonl`;
  return [`.gemini/tmp/work/chats/${name}`, JSON.stringify({ sessionId: session })];
}

/** Starts what each CLI leaves while it answers: a registry's entry, a lock, an argument. */
async function answer(machine: Machine, map: InUse['map']): Promise<void> {
  const sessionOf = (provider: string): string => map[provider]?.['busy'] ?? '';
  const start = `systemd-run --quiet -p User=${USER}`;
  const lock = `/home/${USER}/.codex/thread-writer-locks/${sessionOf('codex-cli')}.lock`;
  await machine.write(STAND_IN, 'setTimeout(() => {}, 1e8)\n');
  await asUser(machine, 'mkdir -p .claude/sessions .codex/thread-writer-locks');
  await machine.run(
    `${start} --unit=claude sleep infinity
     ${start} --unit=codex flock ${lock} sleep infinity
     ${start} --unit=gemini $(command -v node) ${STAND_IN} --resume ${sessionOf('gemini-cli')}
     pid=$(systemctl show -P MainPID claude)
     start=$(sed 's/.*) //' /proc/$pid/stat | cut -d' ' -f20)
     printf '{"pid":%d,"sessionId":"%s","procStart":"%s"}' "$pid" ${sessionOf('claude-cli')} "$start" |
       runuser -l ${USER} -c "cat >.claude/sessions/$pid.json"`,
  );
  await machine.until(`! flock --nonblock ${lock} true`);
}

async function mapOf(machine: Machine): Promise<unknown> {
  return JSON.parse(await machine.read(`${SESSIONS}/session_map.json`));
}
