import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { CleanupError, errorCode, reason } from '../errors.js';
import { printable } from '../output/printable.js';
import type { ChatName } from '../session-map/by-chat.js';
import { lastMember, outline } from '../session-map/json-outline.js';
import { type SessionMap, sessionMapIn } from '../session-map/parse.js';
import { isRecord, parseJson } from '../system/json.js';

const TIMEOUT_MS = 5000;
// The map has the same mappings as the memory: an answer of a quite different size is none of a bridge's.
const SMALL_ANSWER_BYTES = 256 * 1024;
const ANSWER_PER_MAP = 4;

/** What a bridge did not do. Without a whole answer it may have done it, or do it still. */
export interface Refusal {
  readonly error: CleanupError;
  readonly isAnswered: boolean;
}

/**
 * The running bridge's own interface (jaysettle/claudeRemote: `GET /sessions`,
 * `DELETE /sessions/<chat>?model=<provider>`), with bounded times and sizes. No redirect is followed, and
 * no proxy asked.
 */
export class Bridge {
  readonly address: string;

  constructor(url: URL) {
    const base = new URL(url);
    if (!base.pathname.endsWith('/')) base.pathname += '/';
    this.address = base.href;
  }

  /**
   * The mappings in the bridge's memory.
   *
   * @param mapBytes the size of the bridge's own map, which bounds the size of its answer
   * @returns undefined when nothing listens there
   * @throws CleanupError for every other answer than its memory
   */
  async memory(mapBytes: number): Promise<SessionMap | undefined> {
    const maxBytes = SMALL_ANSWER_BYTES + ANSWER_PER_MAP * mapBytes;
    const asked = ask('GET', new URL('sessions', this.address), maxBytes);
    const answer = await asked.catch((error: unknown) => {
      // A name with several addresses fails with one error for each of them.
      const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
      if (errors.every((one) => errorCode(one) === 'ECONNREFUSED')) return undefined;
      throw this.error(reason(error));
    });
    if (answer === undefined) return undefined;
    const memory = answer.status === 200 ? memoryIn(answer.body) : undefined;
    if (memory !== undefined) return memory;
    throw this.error(`GET /sessions answered ${answer.status} and not its sessions`);
  }

  /**
   * Asks the bridge to forget a chat's mapping; that it has none is as good.
   *
   * @param name of a chat whose id is nameable
   * @returns undefined when the bridge has forgotten it
   */
  async forget({ provider, chat }: ChatName): Promise<Refusal | undefined> {
    const path = `sessions/${encodeURIComponent(chat)}?model=${encodeURIComponent(provider)}`;
    const asked = ask('DELETE', new URL(path, this.address), SMALL_ANSWER_BYTES);
    const answer = await asked.catch((error) => this.error(reason(error)));
    if (answer instanceof CleanupError) return { error: answer, isAnswered: false };
    const { status } = answer;
    const body = parseJson(answer.body);
    const isDeleted = status === 200 && isRecord(body) && body['status'] === 'deleted';
    if (isDeleted || status === 404) return undefined;
    const question = `DELETE /sessions/<chat>?model=${provider}`;
    const error = this.error(`${question} answered ${status} and not that it is deleted`);
    return { error, isAnswered: true };
  }

  /** What is wrong with this bridge, in words, as an error. */
  error(problem: string): CleanupError {
    const told = `bridge ${printable(this.address)}: ${printable(problem)}; the mappings stay`;
    return new CleanupError(`${told}. Check --bridge-url and the bridge`);
  }
}

/** @throws what hindered a whole answer */
async function ask(method: 'GET' | 'DELETE', url: URL, maxBytes: number) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    // Loading them takes 4 ms, which a run without a bridge saves.
    const { Agent, request } = await (url.protocol === 'https:'
      ? import('node:https')
      : import('node:http'));
    const headers = { accept: 'application/json' };
    // An agent of our own reads no proxy from the environment.
    const asked = request(url, { method, headers, signal, agent: new Agent() }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: await textOf(response, maxBytes) };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error(`no whole answer within ${TIMEOUT_MS / 1000} s`);
  }
}

async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  let text = '';
  // Leaving the loop early closes the connection.
  for await (const piece of response.setEncoding('utf8') as AsyncIterable<string>) {
    text += piece;
    if (text.length > maxBytes) throw new Error(`its answer is larger than ${maxBytes} bytes`);
  }
  return text;
}

/** The sessions in an answer; undefined when there are none. */
function memoryIn(body: string): SessionMap | undefined {
  if (!isRecord(parseJson(body))) return undefined;
  const sessions = lastMember(outline(body, 2), 'sessions')?.value;
  const isMap = sessions?.kind === 'object';
  if (!isMap || sessions.members.some(({ value }) => value.kind !== 'object')) return undefined;
  return sessionMapIn(Buffer.from(body.slice(sessions.start, sessions.end)));
}

/** Whether a chat's id can stand in the bridge's address: its router takes no slash, however it is written. */
export function isNameable(chat: string): boolean {
  return !['', '.', '..'].includes(chat) && !/[/\p{Cs}]/u.test(chat);
}
