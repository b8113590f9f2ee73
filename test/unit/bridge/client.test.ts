import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Bridge, isNameable } from '../../../src/bridge/client.js';
import { CleanupError } from '../../../src/errors.js';

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers so, and the bridge as the program sees it. */
async function bridgeThat(answers: Answering, path = '') {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    answers(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const bridge = new Bridge(new URL(`http://127.0.0.1:${port}${path}`));
  return { bridge, seen, server };
}

const says =
  (body: unknown, status = 200): Answering =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

describe("a bridge's memory", () => {
  it('is read from its address, below whatever path that has', async () => {
    const { bridge, seen } = await bridgeThat(
      says({ sessions: { 'claude-cli': { a: 'A' } } }),
      '/x',
    );
    const memory = await bridge.memory(0);
    expect(memory?.sections[0]?.mappings).toMatchObject([{ chat: 'a', session: 'A' }]);
    expect(seen).toEqual(['GET /x/sessions']);
  });

  it('is undefined when nothing listens there', async () => {
    const { bridge, server } = await bridgeThat(says({}));
    server.close();
    expect(await bridge.memory(0)).toBeUndefined();
  });

  it.each<[string, Answering]>([
    ['an error', says({ sessions: {} }, 500)],
    ['no JSON', says('<html>')],
    ['no sessions', says({})],
    ['sessions in a list', says({ sessions: { 'claude-cli': ['a'] } })],
    ['a byte too much', says(`{"sessions": {}}${' '.repeat(300 * 1024)}`)],
    ['half an answer', (_, response) => response.writeHead(200, { 'content-length': 9 }).end('{')],
    ['nothing, and hangs up', (request) => request.socket.destroy()],
    ['another place', (_, response) => response.writeHead(302, { location: '/sessions' }).end()],
  ])('is nothing to act on when it answers %s', async (_, answers) => {
    const { bridge, seen } = await bridgeThat(answers);
    await expect(bridge.memory(0)).rejects.toThrow(CleanupError);
    expect(seen).toHaveLength(1);
  });

  it('may be as large as the map allows', async () => {
    const { bridge } = await bridgeThat(says(`{"sessions": {}}${' '.repeat(300 * 1024)}`));
    expect(await bridge.memory(300 * 1024)).toBeDefined();
  });
});

describe('what a bridge is to forget', () => {
  const CHAT = { provider: 'claude-cli', chat: 'a' };

  it.each([
    ['deleted', says({ status: 'deleted' })],
    ['not there', says({ detail: 'Not found' }, 404)],
  ])('is gone when it says %s', async (_, answers) => {
    const { bridge, seen } = await bridgeThat(answers);
    expect(await bridge.forget({ provider: 'claude-cli', chat: 'a b?c' })).toBeUndefined();
    expect(seen).toEqual(['DELETE /sessions/a%20b%3Fc?model=claude-cli']);
  });

  it.each([
    ['an error', says({}, 400)],
    ['something else', says({ status: 'kept' })],
  ])('is still there when it says %s', async (_, answers) => {
    const { bridge } = await bridgeThat(answers);
    expect(await bridge.forget(CHAT)).toMatchObject({
      error: expect.any(CleanupError),
      isAnswered: true,
    });
  });

  it('may be gone or not when it gives no whole answer', async () => {
    const { bridge } = await bridgeThat((request) => request.socket.destroy());
    expect(await bridge.forget(CHAT)).toMatchObject({ isAnswered: false });
  });
});

it('a chat can be named unless an address reads it otherwise', () => {
  for (const chat of ['a', 'telegram:111', '...', '%2e', 'größe', '\u0000']) {
    expect(isNameable(chat)).toBe(true);
  }
  for (const chat of ['', '.', '..', 'a/b', '\ud83e']) expect(isNameable(chat)).toBe(false);
});
