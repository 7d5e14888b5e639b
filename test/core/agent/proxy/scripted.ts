import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { type ModelProxy, openProxy, type ProxyOptions } from '../../../../core/agent/proxy/proxy.ts';

// A provider that says what the test wants, and a proxy before it. Every byte that the agent gets and every line of the log
// is searched for the key when a test is over.

export const key = 'sk-the-real-key-0123456789abcdef';
export const model = 'model-of-the-manifest';

export interface Seen {
  method: string;
  url: string;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export interface Reply {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

export interface Ask {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** Undefined: the right one. */
  placeholder?: string | null;
}

export interface Around {
  proxy: ModelProxy;
  upstream: string;
  /** What reached the provider. */
  seen: Seen[];
  said: string[];
  /** What the agent got, of all answers. */
  given: string[];
  ask(what?: Ask): Promise<Reply>;
}

export type Script = (seen: Seen, response: http.ServerResponse, request: http.IncomingMessage) => void;

const open: (() => Promise<void> | void)[] = [];
const watched: Around[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  for (const { said, given, proxy } of watched.splice(0)) {
    const all = [...said, ...given, ...proxy.refused.map(({ why }) => why), JSON.stringify(proxy.use())].join(
      '\n',
    );
    if (all.includes(key) || all.includes(key.slice(-12))) throw new Error('the key got out');
  }
});

export function later(close: () => Promise<void> | void): void {
  open.push(close);
}

export async function provider(script: Script): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    for await (const part of request) body += String(part);
    const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    seen.push(one);
    script(one, response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  later(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

export async function around(script: Script, options: Partial<ProxyOptions> = {}): Promise<Around> {
  const api = options.api ?? 'anthropic';
  const { url, seen } = await provider(script);
  const said: string[] = [];
  const given: string[] = [];
  const proxy = await openProxy({
    api,
    upstream: api === 'openai' ? `${url}/v1` : url,
    key,
    model,
    listen: { kind: 'loopback' },
    prices: null,
    maxCost: null,
    spent: 0,
    maxOutputTokens: 4096,
    say: (line) => said.push(line),
    clock: () => new Date('2026-03-01T10:00:00Z'),
    ...options,
  });
  later(() => proxy.close());
  const found: Around = {
    proxy,
    upstream: url,
    seen,
    said,
    given,
    async ask(what = {}) {
      const reply = await asked(proxy, api, what);
      given.push(JSON.stringify(reply.headers), reply.text);
      return reply;
    },
  };
  watched.push(found);
  return found;
}

/** The request of an agent's client, not yet ended. */
export function client(proxy: ModelProxy, what: Ask & { path: string }): http.ClientRequest {
  const placeholder = what.placeholder === undefined ? proxy.placeholder : what.placeholder;
  return http.request({
    ...(proxy.address.startsWith('/')
      ? { socketPath: proxy.address }
      : { host: '127.0.0.1', port: new URL(proxy.address).port }),
    agent: false,
    method: what.method ?? 'POST',
    path: what.path,
    headers: {
      'content-type': 'application/json',
      ...(placeholder === null ? {} : { authorization: `Bearer ${placeholder}` }),
      ...what.headers,
    },
  });
}

export const usualPath = { anthropic: '/v1/messages', openai: '/v1/chat/completions' };

async function asked(proxy: ModelProxy, api: 'anthropic' | 'openai', what: Ask): Promise<Reply> {
  const request = client(proxy, { ...what, path: what.path ?? usualPath[api] });
  const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
  request.on('error', () => undefined);
  const body = what.body ?? question;
  request.end(
    (what.method ?? 'POST') === 'POST' ? (typeof body === 'string' ? body : JSON.stringify(body)) : undefined,
  );
  const [response] = await answered;
  let text = '';
  try {
    for await (const part of response) text += String(part);
  } catch {
    text += '<cut off>';
  }
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** A small question that both APIs with messages understand. */
export const question = { model, max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] };

export const message = {
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model,
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: {
    input_tokens: 12,
    cache_creation_input_tokens: 30,
    cache_read_input_tokens: 400,
    output_tokens: 7,
    service_tier: 'standard',
  },
};

export const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model,
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: {
    prompt_tokens: 20,
    completion_tokens: 5,
    total_tokens: 25,
    prompt_tokens_details: { cached_tokens: 8 },
  },
};

export const answered =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Script =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

/** Events of a stream, as a provider writes them: Anthropic's with names, OpenAI's without. */
export function events(list: readonly (object | string)[], named = false): string[] {
  return list.map((item) => {
    const data = typeof item === 'string' ? item : JSON.stringify(item);
    const name = typeof item === 'object' && 'type' in item ? `event: ${String(item.type)}\n` : '';
    return `${named ? name : ''}data: ${data}\n\n`;
  });
}

export const messageEvents = events(
  [
    {
      type: 'message_start',
      message: {
        ...message,
        content: [],
        stop_reason: null,
        usage: { ...message.usage, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'ping' },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 7 },
    },
    { type: 'message_stop' },
  ],
  true,
);

const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model };
export const chatEvents = events([
  { ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content: '' } }], usage: null },
  { ...chunk, choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }], usage: null },
  { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null },
  { ...chunk, choices: [], usage: completion.usage },
  '[DONE]',
]);

const response = { id: 'resp_1', object: 'response', model, status: 'in_progress', output: [], usage: null };
export const responseEvents = events(
  [
    { type: 'response.created', sequence_number: 0, response },
    { type: 'response.in_progress', sequence_number: 1, response },
    {
      type: 'response.output_text.delta',
      sequence_number: 2,
      item_id: 'msg_1',
      output_index: 0,
      delta: 'Hi',
    },
    {
      type: 'response.completed',
      sequence_number: 3,
      response: {
        ...response,
        status: 'completed',
        usage: {
          input_tokens: 50,
          input_tokens_details: { cached_tokens: 40 },
          output_tokens: 9,
          output_tokens_details: { reasoning_tokens: 4 },
          total_tokens: 59,
        },
      },
    },
  ],
  true,
);

export const streamed =
  (pieces: readonly string[]): Script =>
  (_, answer) => {
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces) answer.write(piece);
    answer.end();
  };
