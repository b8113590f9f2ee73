/**
 * A stand-in on loopback for the three APIs that the CLIs talk to: Anthropic messages, OpenAI
 * responses, Gemini generateContent; streamed and whole. It answers every prompt with one sentence.
 *
 * It is also the proxy that the CLIs are given for everything else (see `real-clis.ts`): as a
 * proxy it forwards nothing, and keeps the names of those that somebody wanted to reach.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it answers. */
export const REPLY = 'A reply from the stand-in.';
/** What a sub-agent is asked, see `delegate`. */
export const SUB_AGENT_PROMPT = 'Look around on behalf of your parent.';

/** An answer that a CLI waits for. */
export interface HeldReply {
  /** Settles when the CLI has sent its request and now waits. */
  readonly arrived: Promise<void>;
  release(): void;
}

/** The server, and what it was asked. */
export interface StandIn {
  readonly url: string;
  /** Method and path of every request, in order. */
  readonly requests: readonly string[];
  /** Hosts other than this one that a CLI wanted to reach. */
  readonly strangers: readonly string[];
  /** Lets the CLI wait for its answer to this prompt until it is released. */
  holdReplyTo(prompt: string): HeldReply;
  /** Makes Claude or Codex answer this prompt by starting a sub-agent first. */
  delegate(prompt: string): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startStandIn(): Promise<StandIn> {
  const requests: string[] = [];
  const strangers: string[] = [];
  const held = new Map<string, { arrive: () => void; released: Promise<void> }>();
  const delegated = new Set<string>();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = request.url ?? '';
    if (!url.startsWith('/')) {
      strangers.push(url);
      response.writeHead(403).end();
      return;
    }
    const path = new URL(url, 'http://stand-in').pathname;
    requests.push(`${request.method ?? ''} ${path}`);
    const body = await read(request);
    for (const [prompt, hold] of held) {
      if (body.includes(prompt)) {
        hold.arrive();
        await hold.released;
      }
    }
    const wantsSubAgent = [...delegated].some((prompt) => body.includes(prompt));
    if (path === '/v1/messages') anthropic(body, wantsSubAgent, response);
    else if (path === '/v1/responses') openai(body, wantsSubAgent, response);
    else if (path.endsWith(':generateContent')) json(response, geminiReply);
    else if (path.endsWith(':streamGenerateContent')) events(response, [[null, geminiReply]]);
    else json(response, {}, 404);
  };

  const listener: RequestListener = (request, response) => {
    answer(request, response).catch(() => response.destroy());
  };
  const server = createServer(listener);
  server.on('connect', (request, socket) => {
    strangers.push(request.url ?? '');
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    strangers,
    holdReplyTo(prompt) {
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const arrived = new Promise<void>((arrive) => held.set(prompt, { arrive, released }));
      return {
        arrived,
        release() {
          held.delete(prompt);
          release();
        },
      };
    },
    delegate(prompt) {
      delegated.add(prompt);
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Server-sent events; Gemini's have no name. */
function events(response: ServerResponse, list: readonly (readonly [string | null, object])[]) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [name, data] of list) {
    if (name !== null) response.write(`event: ${name}\n`);
    response.write(`data: ${JSON.stringify(name === null ? data : { type: name, ...data })}\n\n`);
  }
  response.end();
}

function anthropic(body: string, wantsSubAgent: boolean, response: ServerResponse): void {
  const request = JSON.parse(body) as {
    model: string;
    stream?: boolean;
    messages: readonly unknown[];
    tools?: readonly { name: string }[];
  };
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: `msg_${Date.now()}`, type: 'message', role: 'assistant' };
  const reply = { ...message, model: request.model, stop_sequence: null, usage };
  // The tool was called Task until 2.1, Agent since.
  const tool = request.tools?.find(({ name }) => name === 'Agent' || name === 'Task');
  const subAgentIsBack = JSON.stringify(request.messages).includes('"tool_result"');
  const input = {
    description: 'look around',
    prompt: SUB_AGENT_PROMPT,
    subagent_type: 'general-purpose',
    run_in_background: false,
  };
  const [empty, delta, full, stop_reason] =
    tool !== undefined && wantsSubAgent && !subAgentIsBack
      ? [
          { type: 'tool_use', id: 'toolu_stand_in', name: tool.name, input: {} },
          { type: 'input_json_delta', partial_json: JSON.stringify(input) },
          { type: 'tool_use', id: 'toolu_stand_in', name: tool.name, input },
          'tool_use',
        ]
      : [
          { type: 'text', text: '' },
          { type: 'text_delta', text: REPLY },
          { type: 'text', text: REPLY },
          'end_turn',
        ];

  if (request.stream !== true) {
    json(response, { ...reply, content: [full], stop_reason });
    return;
  }
  events(response, [
    ['message_start', { message: { ...reply, content: [], stop_reason: null } }],
    ['content_block_start', { index: 0, content_block: empty }],
    ['content_block_delta', { index: 0, delta }],
    ['content_block_stop', { index: 0 }],
    ['message_delta', { delta: { stop_reason, stop_sequence: null }, usage }],
    ['message_stop', {}],
  ]);
}

function openai(body: string, wantsSubAgent: boolean, response: ServerResponse): void {
  const id = `resp_${Date.now()}`;
  const content = [{ type: 'output_text', text: REPLY }];
  const subAgentIsThere = body.includes('"function_call_output"');
  const item =
    wantsSubAgent && !subAgentIsThere
      ? {
          type: 'function_call',
          id: 'fc_1',
          call_id: 'call_1',
          namespace: 'multi_agent_v1',
          name: 'spawn_agent',
          arguments: JSON.stringify({ message: SUB_AGENT_PROMPT }),
        }
      : { type: 'message', id: 'msg_1', role: 'assistant', content };
  const usage = {
    input_tokens: 1,
    input_tokens_details: null,
    output_tokens: 1,
    output_tokens_details: null,
    total_tokens: 2,
  };
  events(response, [
    ['response.created', { response: { id } }],
    ['response.output_item.done', { output_index: 0, item }],
    ['response.completed', { response: { id, usage } }],
  ]);
}

const geminiReply = {
  candidates: [
    { index: 0, content: { role: 'model', parts: [{ text: REPLY }] }, finishReason: 'STOP' },
  ],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  modelVersion: 'gemini-2.5-flash',
};
