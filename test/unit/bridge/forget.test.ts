import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Bridge, type Refusal } from '../../../src/bridge/client.js';
import { forgetInBridge } from '../../../src/bridge/forget.js';
import { CleanupError } from '../../../src/errors.js';
import type { ChatName } from '../../../src/session-map/by-chat.js';
import { parseSessionMapText, type SessionMap } from '../../../src/session-map/parse.js';

const refusal = (message: string, isAnswered: boolean): Refusal => ({
  error: new CleanupError(message),
  isAnswered,
});

type Memory = Record<string, string>;

/** A bridge in this process: its memory, and the map's file that it saves. */
class StandIn extends Bridge {
  readonly path: string;
  readings = 0;
  asked: string[] = [];
  /** What happens right before the n-th DELETE, or after the n-th reading of its memory. */
  before: (chat: string) => void = () => {};
  read: () => void = () => {};

  constructor(readonly chats: Memory) {
    super(new URL('http://127.0.0.1:9'));
    const directory = mkdtempSync(join(tmpdir(), 'forget-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    this.path = join(directory, 'session_map.json');
    this.save();
  }

  save(): void {
    writeFileSync(this.path, JSON.stringify({ 'claude-cli': this.chats }));
  }

  override async memory(): Promise<SessionMap | undefined> {
    this.readings += 1;
    const map = parseSessionMapText(JSON.stringify({ 'claude-cli': this.chats }));
    this.read();
    return map;
  }

  override async forget({ chat }: ChatName): Promise<Refusal | undefined> {
    this.before(chat);
    this.asked.push(chat);
    delete this.chats[chat];
    this.save();
    return undefined;
  }
}

/** Has it forget these chats, of each the session that has its name in capitals. */
async function forget(
  bridge: StandIn,
  chats: readonly string[],
  stays: readonly string[] = [],
  isAskedToEnd = () => false,
) {
  const candidates = chats.map((chat) => ({
    mapping: {
      ...{ provider: 'claude-cli', family: 'claude' as const, chat, raw: '' },
      session: chat.toUpperCase(),
    },
    lastActivity: null,
  }));
  const lastWord = {
    refresh: () => {},
    stays: ({ mapping }: { mapping: { chat: string } }) => stays.includes(mapping.chat),
  };
  const { memory, ...rest } = await forgetInBridge(
    ...([bridge, candidates, lastWord, bridge.path, isAskedToEnd] as const),
  );
  return { ...rest, left: memory?.sections.flatMap((one) => one.mappings.map(({ chat }) => chat)) };
}

const many = Array.from({ length: 350 }, (_, n) => `c${n}`);
const memoryOf = (chats: readonly string[]): Memory =>
  Object.fromEntries(chats.map((chat) => [chat, chat.toUpperCase()]));

describe('a bridge that is asked to forget mappings', () => {
  it('forgets them all, and is asked for its memory once in a hundred times', async () => {
    const bridge = new StandIn({ ...memoryOf(many), other: 'OTHER' });
    const { forgotten, unsure, failures, left } = await forget(bridge, many);
    expect(bridge.asked).toEqual(many);
    expect(bridge.readings).toBeLessThan(10);
    expect({ count: [...forgotten.values()].length, unsure, failures, left }).toEqual({
      ...{ count: many.length, unsure: undefined, failures: [], left: ['other'] },
    });
  });

  it('is asked for no chat that it has given another session since its memory was read', async () => {
    const bridge = new StandIn(memoryOf(['a', 'b', 'c']));
    bridge.before = (chat) => {
      if (chat === 'a') bridge.chats['b'] = 'NEWER';
    };
    const { left } = await forget(bridge, ['a', 'b', 'c']);
    expect(bridge.asked).toEqual(['a', 'c']);
    expect(left).toEqual(['b']);
  });

  it('is asked for no chat that changed while its memory was read', async () => {
    const bridge = new StandIn(memoryOf(['a', 'b']));
    bridge.read = () => {
      if (bridge.readings !== 1) return;
      bridge.chats['b'] = 'NEWER';
      bridge.save();
    };
    await forget(bridge, ['a', 'b']);
    expect(bridge.asked).toEqual(['a']);
  });

  it.each([
    ['another bridge has', '{"claude-cli": {"a": "OTHER"}}'],
    ['has nothing', '{}'],
  ])('is asked for its memory each time when its file is one that %s', async (_, text) => {
    const bridge = new StandIn(memoryOf(['a', 'b', 'c']));
    bridge.save = () => writeFileSync(bridge.path, text);
    bridge.save();
    bridge.before = (chat) => {
      if (chat === 'a') bridge.chats['b'] = 'NEWER';
    };
    expect((await forget(bridge, ['a', 'b', 'c'])).left).toEqual(['b']);
    expect(bridge.asked).toEqual(['a', 'c']);
  });

  it('is not asked for a session that became active', async () => {
    const bridge = new StandIn(memoryOf(['a', 'b']));
    const { left } = await forget(bridge, ['a', 'b'], ['a']);
    expect(left).toEqual(['a']);
  });

  it('has not forgotten what it still has, whatever it said', async () => {
    const bridge = new StandIn(memoryOf(['a', 'b']));
    bridge.forget = async () => undefined;
    const { forgotten, failures, left } = await forget(bridge, ['a', 'b']);
    expect({ forgotten: [...forgotten.values()].length, left }).toEqual({
      forgotten: 0,
      left: ['a', 'b'],
    });
    expect(failures.map(({ message }) => message)).toEqual([
      expect.stringContaining('claude-cli/a and still has it'),
      expect.stringContaining('claude-cli/b and still has it'),
    ]);
  });

  it('that refuses one is asked for the others', async () => {
    const bridge = new StandIn(memoryOf(['a', 'b']));
    const forgets = bridge.forget.bind(bridge);
    bridge.forget = async (name) => (name.chat === 'a' ? refusal('no', true) : await forgets(name));
    const { failures, left } = await forget(bridge, ['a', 'b']);
    expect(failures).toHaveLength(1);
    expect(left).toEqual(['a']);
  });

  it('that gives no answer may do it still: nothing more is asked of it', async () => {
    const bridge = new StandIn(memoryOf(['a', 'b', 'c']));
    const forgets = bridge.forget.bind(bridge);
    bridge.forget = async (name) =>
      name.chat === 'b' ? refusal('late', false) : await forgets(name);
    const { forgotten, unsure, failures, left } = await forget(bridge, ['a', 'b', 'c']);
    expect(bridge.asked).toEqual(['a']);
    expect([...forgotten.values()]).toMatchObject([{ chat: 'a' }]);
    expect(unsure).toMatchObject({ chat: 'b' });
    expect(failures).toMatchObject([{ message: 'late' }]);
    expect(left).toBeUndefined();
  });

  it('that gives no answer, and no longer has it, has forgotten it', async () => {
    const bridge = new StandIn(memoryOf(['a', 'b']));
    const forgets = bridge.forget.bind(bridge);
    bridge.forget = async (name) => {
      await forgets(name);
      return refusal('hung up', false);
    };
    const { forgotten, unsure, failures, left } = await forget(bridge, ['a', 'b']);
    expect({ count: [...forgotten.values()].length, unsure, failures, left }).toEqual({
      ...{ count: 2, unsure: undefined, failures: [], left: [] },
    });
  });

  it('that ends meanwhile has forgotten what it said, and the rest is left', async () => {
    const bridge = new StandIn(memoryOf(['a', 'b']));
    bridge.memory = async () =>
      bridge.asked.length > 0
        ? undefined
        : parseSessionMapText(JSON.stringify({ 'claude-cli': bridge.chats }));
    const { forgotten, failures, left } = await forget(bridge, ['a', 'b']);
    expect(bridge.asked).toEqual(['a', 'b']);
    expect([...forgotten.values()]).toHaveLength(2);
    expect(failures.map(({ message }) => message)).toEqual([
      expect.stringContaining('it stopped during the run'),
    ]);
    expect(left).toBeUndefined();
  });

  it('is asked for no more when the run is to end', async () => {
    const bridge = new StandIn(memoryOf(['a', 'b', 'c']));
    const { left } = await forget(bridge, ['a', 'b', 'c'], [], () => bridge.asked.length === 2);
    expect(left).toEqual(['c']);
  });
});
