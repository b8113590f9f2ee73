import { once } from 'node:events';
import type { Agent, IncomingMessage } from 'node:http';
import { CleanupError, errorCode } from '../errors.js';
import { printable } from '../output/printable.js';
import { type JsonNode, lastMember, outline } from '../session-map/json-outline.js';
import { parseSessionMapText, type SessionMap } from '../session-map/parse.js';
import { isRecord, parseJson } from '../system/json.js';

const TIMEOUT_MS = 5000;
// The map has the same mappings as the memory: an answer of a quite different size is none of a bridge's.
const SMALL_ANSWER_BYTES = 256 * 1024;
const ANSWER_PER_MAP = 4;
// uvicorn closes a connection that has been quiet for 5 s.
const MAX_QUIET_MS = 1000;

/** The bridge answered late, wrongly or with an error: nothing of it is acted on. */
export class BridgeError extends CleanupError {}

/** It gave no whole answer: whether it does, or will do, what it was asked is not known. */
export class NoAnswerError extends BridgeError {}

/**
 * The running bridge's own interface (jaysettle/claudeRemote: `GET /sessions`,
 * `DELETE /sessions/<chat>?model=<provider>`), with bounded times and sizes. No redirect is followed, and
 * no proxy asked: an agent of our own reads none from the environment.
 */
export class Bridge {
  readonly #base: URL;
  #agent: Agent | undefined;
  #answeredAt = 0;

  constructor(url: URL) {
    this.#base = new URL(url);
    if (!this.#base.pathname.endsWith('/')) this.#base.pathname += '/';
  }

  get address(): string {
    return this.#base.href;
  }

  /**
   * The mappings in the bridge's memory.
   *
   * @param mapBytes the size of the bridge's own map, which bounds the size of its answer
   * @returns undefined when nothing listens there
   * @throws BridgeError for every other answer than its memory
   */
  async memory(mapBytes: number): Promise<SessionMap | undefined> {
    let answer: Answer;
    try {
      const maxBytes = SMALL_ANSWER_BYTES + ANSWER_PER_MAP * mapBytes;
      answer = await this.#ask('GET', 'sessions', maxBytes);
    } catch (error) {
      if (codesOf(error).every((code) => code === 'ECONNREFUSED')) return undefined;
      throw this.#error(error);
    }
    if (answer.status !== 200) throw this.#error(`GET /sessions answered ${answer.status}`);
    return this.#memoryIn(answer.body);
  }

  /**
   * Asks the bridge to forget a chat's mapping; that it has none is as good.
   *
   * @param chat one whose id is nameable
   * @throws BridgeError when it did not do it; NoAnswerError when that is not known
   */
  async forget(provider: string, chat: string): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#ask(
        'DELETE',
        `sessions/${encodeURIComponent(chat)}?model=${encodeURIComponent(provider)}`,
        SMALL_ANSWER_BYTES,
      );
    } catch (error) {
      throw new NoAnswerError(this.#error(error).message);
    }
    if (answer.status === 404) return;
    const body = parseJson(answer.body);
    if (answer.status === 200 && isRecord(body) && body['status'] === 'deleted') return;
    const problem =
      answer.status === 200 ? 'something else than that it is deleted' : answer.status;
    throw this.#error(`DELETE /sessions/<chat>?model=${provider} answered ${problem}`);
  }

  async #ask(method: 'GET' | 'DELETE', path: string, maxBytes: number): Promise<Answer> {
    if (performance.now() - this.#answeredAt > MAX_QUIET_MS) this.#agent?.destroy();
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const isSecure = this.#base.protocol === 'https:';
      // Loading them takes 4 ms, which a run without a bridge saves.
      const { Agent, request } = await (isSecure ? import('node:https') : import('node:http'));
      this.#agent ??= new Agent({ keepAlive: true });
      const headers = { accept: 'application/json' };
      const asked = request(new URL(path, this.#base), {
        ...{ method, headers, signal, agent: this.#agent },
      }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      const body = await bodyOf(response, maxBytes);
      this.#answeredAt = performance.now();
      return { status: response.statusCode ?? 0, body };
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new BridgeError(`no whole answer within ${TIMEOUT_MS / 1000} s`);
    }
  }

  // By the text's own outline: JSON.parse of Node 24 and 26 can mistake one escaped key for another
  // (nodejs/node#63785), and a chat id may be anything.
  #memoryIn(body: string): SessionMap {
    const sessions = lastMember(this.#outlineOf(body), 'sessions')?.value;
    if (
      sessions?.kind !== 'object' ||
      sessions.members.some(({ value }) => value.kind !== 'object')
    ) {
      throw this.#error('GET /sessions answered something else than its sessions');
    }
    try {
      return parseSessionMapText(body.slice(sessions.start, sessions.end));
    } catch (error) {
      throw error instanceof CleanupError ? this.#error(`its memory ${error.message}`) : error;
    }
  }

  #outlineOf(body: string): JsonNode {
    if (parseJson(body) === undefined)
      throw this.#error('GET /sessions answered something else than JSON');
    return outline(body, 2);
  }

  #error(problem: unknown): BridgeError {
    return new BridgeError(
      `bridge ${printable(this.#base.href)}: ${printable(describe(problem))}; the mappings stay. ` +
        'Check --bridge-url and the bridge',
    );
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early closes the connection.
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw new BridgeError(`its answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Whether a chat's id can stand in the bridge's address: its router takes no slash, however it is written. */
export function isNameable(chat: string): boolean {
  return !['', '.', '..'].includes(chat) && !/[/\p{Cs}]/u.test(chat);
}

/** A name with several addresses fails with one error for each of them. */
function codesOf(error: unknown): (string | undefined)[] {
  return (error instanceof AggregateError ? error.errors : [error]).map(errorCode);
}

function describe(problem: unknown): string {
  if (!(problem instanceof Error)) return String(problem);
  return codesOf(problem).find(Boolean) ?? problem.message;
}
