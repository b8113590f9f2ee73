import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunOptions } from '../../../src/clean/locked.js';
import { runClean } from '../../../src/clean/run.js';
import { loadKernel } from '../../../src/commit/kernel.js';
import { readLastRun } from '../../../src/journal/last-run.js';
import { Problems } from '../../../src/output/problems.js';
import { lookOptions } from '../../support/assessed.js';
import { Home, uuid } from '../../support/home.js';

// Not from a bundle's place: it is loaded from there otherwise, and once.
loadKernel(join(import.meta.dirname, '../../..'));

const [IDLE, BUSY, OTHER] = [uuid(1), uuid(2), uuid(3)];

/** A home with two idle sessions and one in use. */
function homeToClean(chats: Record<string, unknown> = { idle: IDLE, busy: BUSY }): Home {
  const home = new Home();
  home.claude(IDLE, 5);
  home.claude(OTHER, 5);
  home.claude(BUSY, 0.1);
  home.writeMap({ 'claude-cli': chats });
  return home;
}

/** Runs on this home, in this process; `told` has a line for each finding. */
async function run(home: Home, over: Partial<RunOptions> = {}) {
  const problems = new Problems();
  const options: RunOptions = {
    ...lookOptions(home),
    ...{ sessionDir: home.sessionDir, thresholdHours: 2, onChange: undefined, dryRun: false },
    ...{ maxRemove: undefined, journalDays: 30, ...over },
  };
  const report = await runClean(options, problems);
  const ways = Object.fromEntries(
    report.rows.map(({ decision, action, via }) => [decision.mapping.chat, via ?? action]),
  );
  return { ways, told: problems.all.map(({ level, message }) => `${level}: ${message}`) };
}

/** What the journal has, as `op chat`; `kept` of what stayed after all. */
function journalOf(home: Home): string[] {
  const text = readFileSync(join(home.sessionDir, 'session_map.removed.jsonl'), 'utf8');
  const lines = text.trimEnd().split('\n');
  return lines
    .map((line) => JSON.parse(line))
    .flatMap(({ op, chat, kept = [] }) =>
      op === 'done' ? kept.map((one: { chat: string }) => `kept ${one.chat}`) : `${op} ${chat}`,
    );
}

/** A bridge that has this home's map in its memory, and saves it whenever it forgets a chat. */
async function bridgeOf(home: Home, memory = home.map as Record<string, Record<string, string>>) {
  const asked: string[] = [];
  const bridge = { memory, asked, refuses: undefined as string | undefined };
  const server = createServer(({ method, url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://bridge');
    const chat = decodeURIComponent(pathname.slice('/sessions/'.length));
    if (method === 'DELETE') asked.push(chat);
    if (method === 'DELETE' && chat !== bridge.refuses) {
      delete memory[searchParams.get('model') ?? '']?.[chat];
      writeFileSync(home.mapPath, JSON.stringify(memory));
    }
    response.writeHead(chat === bridge.refuses ? 500 : 200);
    response.end(JSON.stringify(method === 'GET' ? { sessions: memory } : { status: 'deleted' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return Object.assign(bridge, { url: new URL(`http://127.0.0.1:${port}`) });
}

describe('a run', () => {
  it('takes idle mappings out of the file, with a journal and a record of it', async () => {
    const home = homeToClean();
    expect(await run(home)).toEqual({ ways: { idle: 'file', busy: 'kept' }, told: [] });
    expect(home.map).toEqual({ 'claude-cli': { busy: BUSY } });
    expect(journalOf(home)).toEqual(['remove idle']);
    expect(readLastRun(home.sessionDir)).toMatchObject({ removed: 1, exitStatus: 0 });
  });

  it('that is dry, or has no map, leaves nothing behind', async () => {
    const home = homeToClean();
    const { ways } = await run(home, { dryRun: true });
    expect(ways).toEqual({ idle: 'would-remove', busy: 'kept' });
    expect(home.beside).toEqual(['session_map.json']);
    const empty = new Home();
    expect(await run(empty)).toEqual({ ways: {}, told: [] });
    expect(empty.beside).toEqual([]);
  });

  it('that a guard forbids removes nothing, and says why', async () => {
    const home = homeToClean();
    const { ways, told } = await run(home, { maxRemove: { kind: 'count', most: 0 } });
    expect(ways).toEqual({ idle: 'kept', busy: 'kept' });
    expect(told).toEqual([expect.stringMatching(/^problem: 1 of 2 mappings would go/)]);
    expect(readLastRun(home.sessionDir)).toMatchObject({ removed: 0, exitStatus: 1 });
  });

  it('that fails leaves a record of its error', async () => {
    const home = homeToClean();
    home.writeMap('[]');
    await expect(run(home)).rejects.toThrow('session map is a JSON object');
    expect(readLastRun(home.sessionDir)?.error).toContain('session map is a JSON object');
  });

  it('tells what it removed to --on-change, which may bring it back', async () => {
    const home = homeToClean();
    const saved = home.file('saved', 0, home.mapText);
    const { ways, told } = await run(home, { onChange: `cp '${saved}' "$SESSION_MAP"; exit 3` });
    expect(ways['idle']).toBe('file');
    expect(told).toEqual([
      'problem: the --on-change command failed: it exited with status 3; the map stays cleaned',
      expect.stringMatching(/^problem: 1 removed mapping came back/),
    ]);
  });
});

describe('a run beside a bridge', () => {
  it('has the bridge forget, and the file follows', async () => {
    const home = homeToClean();
    const bridge = await bridgeOf(home);
    const { ways, told } = await run(home, { bridgeUrl: bridge.url });
    expect({ ways, told }).toEqual({ ways: { idle: 'bridge', busy: 'kept' }, told: [] });
    expect(home.map).toEqual({ 'claude-cli': { busy: BUSY } });
    expect(journalOf(home)).toEqual(['remove idle']);
  });

  it('takes out of the file what the bridge does not know', async () => {
    const home = homeToClean({ idle: IDLE, busy: BUSY, stray: OTHER });
    const memory = { 'claude-cli': { idle: IDLE, busy: BUSY } };
    const bridge = await bridgeOf(home, memory);
    const { ways } = await run(home, { bridgeUrl: bridge.url });
    expect(ways).toEqual({ idle: 'bridge', busy: 'kept', stray: 'file' });
    expect(bridge.asked).toEqual(['idle']);
  });

  it('puts back what stands in the file alone and is in use', async () => {
    const home = homeToClean({ idle: IDLE, stray: BUSY });
    const bridge = await bridgeOf(home, { 'claude-cli': { idle: IDLE } });
    const { ways, told } = await run(home, { bridgeUrl: bridge.url });
    expect(ways).toEqual({ idle: 'bridge', stray: 'kept' });
    expect(told).toEqual([
      expect.stringMatching(/^warning: .* 1 mapping stands in the file alone/),
    ]);
    expect(home.map).toEqual({ 'claude-cli': { stray: BUSY } });
    expect(journalOf(home)).toEqual([
      ...['remove idle', 'remove stray', 'restore stray', 'kept stray'],
    ]);
  });

  it('leaves what the bridge refuses, and what its address can not name', async () => {
    const home = homeToClean({ 'a/b': IDLE, idle: IDLE, other: OTHER, busy: BUSY });
    const bridge = await bridgeOf(home);
    bridge.refuses = 'idle';
    const { ways, told } = await run(home, { bridgeUrl: bridge.url });
    expect(ways).toEqual({ 'a/b': 'kept', idle: 'kept', other: 'bridge', busy: 'kept' });
    expect(told).toEqual([
      "warning: stays, idle: the bridge's address can't name this chat",
      expect.stringMatching(/^problem: bridge .* answered 500/),
    ]);
    expect(journalOf(home)).toEqual(['remove idle', 'remove other', 'kept a/b', 'kept idle']);
  });

  it('that does not listen cleans the file', async () => {
    const home = homeToClean();
    const { ways, told } = await run(home, { bridgeUrl: new URL('http://127.0.0.1:9') });
    expect(ways['idle']).toBe('file');
    expect(told).toEqual([expect.stringContaining('no bridge listens')]);
  });
});
