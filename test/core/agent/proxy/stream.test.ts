import { once } from 'node:events';
import type http from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  answered,
  around,
  chatEvents,
  client,
  completion,
  key,
  message,
  messageEvents,
  model,
  question,
  responseEvents,
  streamed,
} from './scripted.ts';

const streams = {
  messages: {
    api: 'anthropic',
    path: '/v1/messages',
    body: { ...question, stream: true },
    events: messageEvents,
    use: { inputTokens: 442, cacheReadTokens: 400, cacheWriteTokens: 30, outputTokens: 7 },
    // 12 x 3 + 400 x 0.3 + 30 x 3.75 + 7 x 15
    cost: 373.5e-6,
  },
  chat: {
    api: 'openai',
    path: '/v1/chat/completions',
    body: { ...question, stream: true, stream_options: { include_usage: true } },
    events: chatEvents,
    use: { inputTokens: 20, cacheReadTokens: 8, cacheWriteTokens: 0, outputTokens: 5 },
    // 12 x 3 + 8 x 0.3 + 5 x 15
    cost: 113.4e-6,
  },
  responses: {
    api: 'openai',
    path: '/v1/responses',
    body: { model, input: 'Hello', stream: true },
    events: responseEvents,
    use: { inputTokens: 50, cacheReadTokens: 40, cacheWriteTokens: 0, outputTokens: 9 },
    // 10 x 3 + 40 x 0.3 + 9 x 15
    cost: 177e-6,
  },
} as const;
const each = Object.entries(streams).map(([name, stream]) => ({ name, ...stream }));
const prices = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };

describe.each(each)('a stream of $name', ({ api, path, body, events, use, cost }) => {
  it('comes to the agent as it is, and is counted', async () => {
    const { ask, proxy } = await around(streamed(events), { api, prices });

    const reply = await ask({ path, body });

    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(reply.text).toBe(events.join(''));
    expect(proxy.use()).toMatchObject({ calls: 1, uncounted: 0, ...use });
    expect(proxy.use().cost).toBeCloseTo(cost, 12);
  });

  it('is counted however it is cut into pieces, and with the line ends of another server', async () => {
    const bytes = events.join('').replaceAll('\n', '\r\n');
    const pieces = bytes.match(/[\s\S]{1,7}/g) ?? [];
    const { ask, proxy } = await around(streamed(pieces), { api, prices });

    const reply = await ask({ path, body });

    expect(reply.text).toBe(bytes);
    expect(proxy.use()).toMatchObject({ calls: 1, uncounted: 0, ...use });
  });

  it('is handed on while it comes', async () => {
    let rest: http.ServerResponse | undefined;
    const { proxy } = await around(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(events[0]);
        rest = response;
      },
      { api },
    );
    const request = client(proxy, { path });
    request.end(JSON.stringify(body));
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];

    const [first] = (await once(response, 'data')) as [Buffer];

    expect(String(first)).toBe(events[0]);
    rest?.end(events.slice(1).join(''));
    await once(response, 'end');
    expect(proxy.use()).toMatchObject({ calls: 1, uncounted: 0 });
  });

  it('that is cut off before its usage costs what was reserved, and does not look whole', async () => {
    const { ask, proxy } = await around(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(events[0], () => response.destroy());
      },
      { api, prices },
    );

    const reply = await ask({ path, body });

    expect(reply.text).toContain('<cut off>');
    expect(proxy.use()).toMatchObject({ calls: 1, uncounted: 1, outputTokens: 0 });
    // At least the tokens that may come out, at most those and some thousand that may go in.
    const limit = 'max_tokens' in body ? body.max_tokens : 4096;
    expect(proxy.use().cost).toBeGreaterThan((limit * 15) / 1e6);
    expect(proxy.use().cost).toBeLessThan((limit * 15 + 3000 * 3.75) / 1e6);
  });

  it('that ends without its usage costs what was reserved', async () => {
    const { ask, proxy } = await around(streamed(events.slice(0, 1)), { api, prices });

    await ask({ path, body });

    expect(proxy.use()).toMatchObject({ calls: 1, uncounted: 1 });
    expect(proxy.use().cost).toBeGreaterThan(1000e-6);
  });

  it('ends at the provider when the agent goes away', async () => {
    let closed: Promise<unknown> | undefined;
    const { proxy } = await around(
      (_, response) => {
        closed = once(response, 'close');
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(events[0]);
      },
      { api, prices },
    );
    const request = client(proxy, { path });
    request.end(JSON.stringify(body));
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.on('error', () => undefined);
    await once(response, 'data');

    request.destroy();

    await closed;
    await expect.poll(() => proxy.use()).toMatchObject({ calls: 1, uncounted: 1 });
  });
});

describe('the usage of a chat that did not ask for it', () => {
  const body = { ...question, stream: true };

  it.each([1, 5, 100_000])('is asked for and kept from the agent, in pieces of %i', async (size) => {
    const bytes = chatEvents.join('');
    const pieces = bytes.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
    const { ask, seen, proxy } = await around(streamed(pieces), { api: 'openai' });

    const reply = await ask({ body });

    expect(JSON.parse(seen[0]?.body ?? '').stream_options).toEqual({ include_usage: true });
    expect(reply.text).toBe(chatEvents.filter((_, index) => index !== 3).join(''));
    expect(proxy.use()).toMatchObject({ inputTokens: 20, outputTokens: 5, cost: null });
  });

  it('loses no part that is not ended', async () => {
    const { ask } = await around(streamed([...chatEvents.slice(0, 2), 'data: {"half']), { api: 'openai' });

    expect((await ask({ body })).text).toBe(`${chatEvents.slice(0, 2).join('')}data: {"half`);
  });
});

it.each([
  ['anthropic', message, { inputTokens: 442, outputTokens: 7 }],
  ['openai', completion, { inputTokens: 20, cacheReadTokens: 8, outputTokens: 5 }],
] as const)('a whole answer of %s is counted', async (api, body, use) => {
  const { ask, proxy } = await around(answered(body), { api, prices });

  await ask();

  expect(proxy.use()).toMatchObject({ calls: 1, uncounted: 0, ...use });
});

it('prices that nobody gave are rather too high', async () => {
  const { ask, proxy } = await around(answered(message), { prices: { input: 4, output: 10 } });

  await ask();

  expect(proxy.use().cost).toBeCloseTo((12 * 4 + 400 * 4 + 30 * 5 + 7 * 10) / 1e6, 12);
});

it.each([
  ['none', undefined],
  ['below nothing', { ...message.usage, output_tokens: -5 }],
  ['text', { ...message.usage, output_tokens: '7' }],
  ['no number of tokens', { ...message.usage, output_tokens: 1e300 }],
])('an answer of which the usage is %s costs what was reserved', async (_, usage) => {
  const { ask, proxy } = await around(answered({ ...message, usage }), { prices });

  await ask();

  expect(proxy.use()).toMatchObject({ calls: 1, uncounted: 1, inputTokens: 0, outputTokens: 0 });
  expect(proxy.use().cost).toBeGreaterThan(0.0015);
});

it('counting tokens costs nothing', async () => {
  const { ask, proxy, seen } = await around(answered({ input_tokens: 42 }), { prices, maxCost: 0 });

  const reply = await ask({ path: '/v1/messages/count_tokens?beta=true' });

  expect(JSON.parse(reply.text)).toEqual({ input_tokens: 42 });
  expect(seen[0]?.url).toBe('/v1/messages/count_tokens?beta=true');
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ model, messages: question.messages });
  expect(proxy.use()).toMatchObject({ calls: 0, cost: 0 });
});

describe('a provider that does not answer as it should', () => {
  const error = (type: string, text: string): object => ({ type: 'error', error: { type, message: text } });

  it.each([
    ['too many', 429, error('rate_limit_error', 'Slow down'), { 'retry-after': '7' }],
    ['too busy', 529, error('overloaded_error', 'Overloaded'), {}],
    ['a fault of the request', 400, error('invalid_request_error', 'messages: too long'), {}],
  ])('%s: the agent gets its sentence, and nothing is charged', async (_, status, body, headers) => {
    const { ask, proxy } = await around(answered(body, status, headers), { prices });

    const reply = await ask();

    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.text)).toEqual(body);
    expect(reply.headers).toMatchObject(headers);
    expect(proxy.use()).toMatchObject({ calls: 0, cost: 0 });
  });

  it.each([401, 403])('says of the key what is not for the agent: %i', async (status) => {
    const { ask, said } = await around(
      answered(error('authentication_error', `invalid x-api-key ${key}`), status),
    );

    const reply = await ask();

    expect(reply.status).toBe(403);
    expect(reply.text).toContain('engine-key');
    expect(said).toEqual(['model: the provider did not take the key of this run; look at engine-key']);
  });

  it('repeats the key in an error', async () => {
    const { ask } = await around(answered(error('invalid_request_error', `header ${key}\n::error::x`), 400));

    expect(JSON.parse((await ask()).text).error.message).toBe('header ***\\n::error::x');
  });

  it.each([1, 3, 16, 1000])('repeats the key in a stream, in pieces of %i', async (size) => {
    const bytes = `data: {"a":"${'x'.repeat(50)} ${key}"}\n\n`;
    const { ask } = await around(streamed(bytes.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? []));

    const reply = await ask({ body: { ...question, stream: true } });

    expect(reply.text).toMatch(/<cut off>$/);
    expect(reply.text).not.toContain(key.slice(0, -1));
  });

  it('has the beginning of the key at the end of its answer', async () => {
    const bytes = `data: ${key.slice(0, 5)}`;
    const { ask } = await around(streamed([bytes]));

    expect((await ask({ body: { ...question, stream: true } })).text).toBe(bytes);
  });

  it.each([301, 302, 303, 307, 308])('wants to be asked elsewhere: %i is not followed', async (status) => {
    const { ask, seen } = await around((one, response) => {
      if (one.url === '/elsewhere') response.end('{}');
      else response.writeHead(status, { location: '/elsewhere' }).end();
    });

    const reply = await ask();

    expect(reply.status).toBe(502);
    expect(reply.headers.location).toBeUndefined();
    expect(reply.text).not.toContain('elsewhere"');
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['packed', { 'content-encoding': 'gzip' }],
    ['a page', { 'content-type': 'text/html' }],
  ])('is %s', async (_, headers) => {
    const { ask } = await around(answered('<h1>?', 200, headers));

    const reply = await ask();

    expect(reply.status).toBe(502);
    expect(reply.text).not.toContain('<h1>');
  });

  it('is not there', async () => {
    const { ask, proxy } = await around(answered(message), { prices, upstream: 'http://127.0.0.1:1' });

    const reply = await ask();

    expect(reply.status).toBe(502);
    expect(JSON.parse(reply.text).error.message).toContain('The model gave no answer');
    expect(proxy.use()).toMatchObject({ calls: 0, cost: 0 });
  });

  it('hangs up without a word', async () => {
    const { ask, proxy } = await around((_, response) => response.destroy(), { prices });

    const reply = await ask();

    expect(reply.status).toBe(502);
    expect(proxy.use()).toMatchObject({ calls: 1, uncounted: 1 });
  });

  it('never begins', async () => {
    const { ask } = await around(() => undefined, { limits: { firstByteMs: 50 } });

    const reply = await ask();

    expect(reply.status).toBe(502);
    expect(reply.text).toContain('no answer within 0 s');
  });

  it('never ends', async () => {
    const { ask } = await around(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const timer = setInterval(() => response.write(': ping\n\n'), 10);
        response.on('close', () => clearInterval(timer));
      },
      { limits: { totalMs: 200 } },
    );

    expect((await ask({ body: { ...question, stream: true } })).text).toMatch(/<cut off>$/);
  });

  it('sends an event that is larger than what is kept, which is handed on and not counted', async () => {
    const large = `data: {"type":"x","text":"${'a'.repeat(100_000)}"}\n\n`;
    const { ask, proxy } = await around(
      streamed([messageEvents[0] ?? '', large, ...messageEvents.slice(1)]),
      {
        limits: { countedBytes: 10_000 },
      },
    );

    const reply = await ask({ body: { ...question, stream: true } });

    expect(reply.text).toContain(large);
    expect(proxy.use()).toMatchObject({ calls: 1, uncounted: 0, outputTokens: 7 });
  });
});
