import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openProxy, type ProxyOptions } from '../../../../core/agent/proxy/proxy.ts';
import { UserError } from '../../../../core/errors.ts';
import { answered, around, completion, key, later, message, model, question } from './scripted.ts';

const apis = ['anthropic', 'openai'] as const;
const whole = { anthropic: answered(message), openai: answered(completion) };

describe('a question of the agent', () => {
  it('goes on with the key in the place of the placeholder', async () => {
    const { ask, seen, proxy } = await around(answered(message));

    const reply = await ask();

    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toEqual(message);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/messages' });
    expect(seen[0]?.headers['x-api-key']).toBe(key);
    expect(JSON.stringify(seen)).not.toContain(proxy.placeholder);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual(question);
  });

  it.each(['/v1/chat/completions', '/v1/responses'])(
    'goes to the address of the provider with its own base: %s',
    async (route) => {
      const { ask, seen } = await around(answered(completion), { api: 'openai' });
      const body = route === '/v1/responses' ? { model, input: 'Hello' } : question;

      const reply = await ask({ path: route, body });

      expect(reply.status).toBe(200);
      expect(seen[0]).toMatchObject({ method: 'POST', url: route });
      expect(seen[0]?.headers.authorization).toBe(`Bearer ${key}`);
      expect(JSON.parse(seen[0]?.body ?? '').store).toBe(false);
    },
  );

  it('takes no header of the agent with it but the version and known betas', async () => {
    const { ask, seen } = await around(answered(message));

    await ask({
      headers: {
        cookie: 'a=b',
        'x-forwarded-for': '10.0.0.1',
        'openai-organization': 'org',
        'anthropic-version': '2023-06-01',
        'anthropic-beta':
          'claude-code-20250219,web-fetch-2025-09-10,effort-2025-11-24,mcp-client-2025-04-04,context-1m-2025-08-07,files-api-2025-04-14',
        'accept-encoding': 'gzip',
        'user-agent': 'agent',
        'x-stainless-arch': 'x64',
      },
    });

    const { host, connection, 'content-length': length, ...rest } = seen[0]?.headers ?? {};
    expect([host, connection, length].every((value) => value !== undefined)).toBe(true);
    expect(rest).toEqual({
      accept: 'application/json',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      'user-agent': 'forgecrew',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'claude-code-20250219,effort-2025-11-24',
      'x-api-key': key,
    });
  });

  it('is answered without what the provider says of its customer', async () => {
    const { ask } = await around(
      answered(message, 200, {
        'request-id': 'req_1',
        'anthropic-organization-id': 'org',
        'set-cookie': 'a=b',
        'x-ratelimit-limit-tokens': '100',
      }),
    );

    const { headers } = await ask();

    expect(headers['request-id']).toBe('req_1');
    expect(Object.keys(headers).sort()).toEqual([
      'cache-control',
      'connection',
      'content-type',
      'date',
      'request-id',
      'transfer-encoding',
    ]);
  });

  it('is asked of the model of the manifest, whatever model it names', async () => {
    const { ask, seen, said } = await around(answered(message));

    await ask({ body: { ...question, model: 'a-small-model' } });
    await ask({ body: { ...question, model: 'a-small-model' } });

    expect(seen.map(({ body }) => JSON.parse(body).model)).toEqual([model, model]);
    expect(said).toEqual([
      'model: "a-small-model" was asked for; "model-of-the-manifest" of the manifest answers',
    ]);
  });

  it('is limited in its answer, whatever it asks', async () => {
    const { ask, seen } = await around(answered(message));

    for (const body of [
      { ...question, max_tokens: 1_000_000, thinking: { type: 'enabled', budget_tokens: 900_000 } },
      { ...question, max_tokens: undefined },
    ])
      await ask({ body });

    const bodies = seen.map(({ body }) => JSON.parse(body));
    expect(bodies.map(({ max_tokens }) => max_tokens)).toEqual([4096, 4096]);
    expect(bodies[0].thinking.budget_tokens).toBe(4095);
  });

  it.each([
    ['/v1/chat/completions', {}, { max_tokens: 4096 }],
    ['/v1/chat/completions', { max_completion_tokens: 9999 }, { max_completion_tokens: 4096 }],
    [
      '/v1/chat/completions',
      { max_tokens: 10, max_completion_tokens: 9999 },
      { max_tokens: 10, max_completion_tokens: 4096 },
    ],
    ['/v1/responses', {}, { max_output_tokens: 4096 }],
    ['/v1/responses', { max_output_tokens: 9999 }, { max_output_tokens: 4096 }],
  ])('has a limit of its answer put in on %s with %j', async (route, given, limits) => {
    const { ask, seen } = await around(answered(completion), { api: 'openai' });
    const content = route === '/v1/responses' ? { input: 'Hello' } : { messages: question.messages };

    await ask({ path: route, body: { model, ...content, ...given } });

    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ model, ...content, ...limits, store: false });
  });

  it('reaches the provider through a Unix socket too', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-proxy-'));
    later(() => rmSync(folder, { recursive: true }));
    const socket = path.join(folder, 'model');
    const { ask, proxy } = await around(answered(message), { listen: { kind: 'socket', path: socket } });

    const reply = await ask();

    expect(proxy.address).toBe(socket);
    expect(reply.status).toBe(200);
    expect(statSync(socket).mode & 0o777).toBe(0o666);
    await proxy.close();
    expect(() => statSync(socket)).toThrow();
  });
});

describe('what is answered here', () => {
  it.each(apis)('the list of models of %s has one', async (api) => {
    const { ask, seen } = await around(whole[api], { api });

    const reply = await ask({ method: 'GET', path: '/v1/models?limit=1000' });

    expect(JSON.parse(reply.text).data.map(({ id }: { id: string }) => id)).toEqual([model]);
    expect(seen).toEqual([]);
  });

  it('whether there is a server, without a key, as claude asks at its start', async () => {
    const { ask, seen, proxy } = await around(answered(message));

    const reply = await ask({ method: 'HEAD', path: '/', placeholder: null });

    expect(reply.status).toBe(200);
    expect(seen).toEqual([]);
    expect(proxy.refused).toEqual([]);
  });
});

describe('the placeholder', () => {
  it('is another one in each run', async () => {
    const [one, other] = [await around(answered(message)), await around(answered(message))];

    expect(one.proxy.placeholder).toMatch(/^placeholder-[\w-]{43}$/);
    expect(one.proxy.placeholder).not.toBe(other.proxy.placeholder);
  });

  it.each([
    ['none', {}],
    ['another', { authorization: 'Bearer placeholder-of-another-run' }],
    ['an empty one', { 'x-api-key': '' }],
    ['the key itself', { 'x-api-key': key }],
    ['another way of writing it', { authorization: 'Basic cGxhY2Vob2xkZXI=' }],
  ])('is demanded: %s', async (_, headers) => {
    for (const api of apis) {
      const { ask, seen, proxy } = await around(whole[api], { api });
      for (const what of [{}, { method: 'GET', path: '/v1/models' }]) {
        const reply = await ask({ ...what, placeholder: null, headers });

        expect(reply.status).toBe(401);
        expect(JSON.parse(reply.text).error.message).toContain('the key that the run gave');
      }
      expect(seen).toEqual([]);
      expect(proxy.refusedCount).toBe(2);
    }
  });

  it('is taken in the header of either API', async () => {
    const { ask, seen, proxy } = await around(answered(message));

    const reply = await ask({ placeholder: null, headers: { 'x-api-key': proxy.placeholder } });

    expect(reply.status).toBe(200);
    expect(seen[0]?.headers.authorization).toBeUndefined();
  });
});

describe('a path that is not on the list', () => {
  it.each([
    ['GET', '/'],
    ['POST', '/'],
    ['GET', '/v1/messages'],
    ['POST', '/v1/messages/'],
    ['POST', '//v1/messages'],
    ['POST', '/v1/./messages'],
    ['POST', '/v1/%6dessages'],
    ['POST', '/v1/messages?beta=false'],
    ['POST', '/v1/messages?beta=true&x=1'],
    ['POST', '/V1/messages'],
    ['POST', 'http://169.254.169.254/v1/messages'],
    ['POST', 'https://api.openai.com/v1/chat/completions'],
    ['POST', '/v1/messages/batches'],
    ['GET', '/v1/messages/batches'],
    ['POST', '/v1/files'],
    ['GET', '/v1/files'],
    ['GET', '/v1/files/file_1/content'],
    ['DELETE', '/v1/files/file_1'],
    ['POST', '/v1/skills'],
    ['POST', '/v1/complete'],
    ['GET', '/v1/models/some-model'],
    ['GET', '/v1/organizations/me'],
    ['GET', '/v1/organization/api_keys'],
    ['POST', '/v1/embeddings'],
    ['POST', '/v1/images/generations'],
    ['POST', '/v1/audio/speech'],
    ['POST', '/v1/moderations'],
    ['POST', '/v1/assistants'],
    ['POST', '/v1/threads'],
    ['POST', '/v1/vector_stores'],
    ['POST', '/v1/batches'],
    ['POST', '/v1/fine_tuning/jobs'],
    ['POST', '/v1/conversations'],
    ['POST', '/v1/containers'],
    ['POST', '/v1/responses/compact'],
    ['GET', '/v1/responses/resp_1'],
    ['DELETE', '/v1/responses/resp_1'],
    ['POST', '/v1/responses/resp_1/cancel'],
    ['GET', '/v1/realtime'],
    ['PUT', '/v1/messages'],
    ['OPTIONS', '/v1/messages'],
    ['HEAD', '/v1/messages'],
    ['HEAD', '/v1/models'],
    ['POST', '/api/event_logging/batch'],
    ['GET', '/__proto__'],
  ])('%s %s is refused, and nothing goes out', async (method, target) => {
    for (const api of apis) {
      const { ask, seen, proxy } = await around(whole[api], { api });

      const reply = await ask({ method, path: target });

      expect(reply.status).toBe(403);
      if (method !== 'HEAD') expect(reply.text).toContain('not on the list');
      expect(seen).toEqual([]);
      expect(proxy.refused).toHaveLength(1);
    }
  });

  it.each([
    ['anthropic', '/v1/chat/completions'],
    ['anthropic', '/v1/responses'],
    ['openai', '/v1/messages'],
    ['openai', '/v1/messages/count_tokens'],
  ] as const)('of the other API is none either: %s, %s', async (api, target) => {
    const { ask, seen } = await around(whole[api], { api });

    expect((await ask({ path: target })).status).toBe(403);
    expect(seen).toEqual([]);
  });
});

describe('refusals', () => {
  it('are kept with their time, said, and bounded', async () => {
    const { ask, proxy, said } = await around(answered(message), { limits: { refusals: 3 } });

    for (let nth = 0; nth < 5; nth += 1)
      await ask({ path: `/v1/files/${nth}\u0001`.replace('\u0001', '%01') });

    expect(proxy.refused).toEqual(
      [0, 1, 2].map((nth) => ({
        at: '2026-03-01T10:00:00.000Z',
        why: `POST "/v1/files/${nth}%01": this method and path are not on the list`,
      })),
    );
    expect(proxy.refusedCount).toBe(5);
    expect(said).toHaveLength(4);
  });
});

describe('options that cannot hold what they promise are told', () => {
  const usual: ProxyOptions = {
    api: 'anthropic',
    upstream: 'https://api.anthropic.com',
    key,
    model,
    listen: { kind: 'loopback' },
    prices: { input: 3, output: 15 },
    maxCost: 1,
    spent: 0,
    maxOutputTokens: 4096,
    say: () => undefined,
    clock: () => new Date(),
  };

  it.each<[string, Partial<ProxyOptions>, string]>([
    ['a limit without prices', { prices: null }, 'prices'],
    ['a price that is none', { prices: { input: Number.NaN, output: 1 } }, 'numbers'],
    ['a price below nothing', { prices: { input: 1, output: 1, cacheRead: -1 } }, 'numbers'],
    ['a limit that is none', { maxCost: Number.POSITIVE_INFINITY }, 'numbers'],
    ['an address with a password', { upstream: 'https://me:secret-word@host' }, 'engine-url'],
    ['an address that is none', { upstream: 'host:x' }, 'engine-url'],
    ['an address with a query', { upstream: 'https://host/?a=b' }, 'engine-url'],
    ['another protocol', { upstream: 'file:///etc/passwd' }, 'engine-url'],
    ['a key with a line break', { key: 'sk-0123456789\n' }, 'engine-key'],
    ['an empty key', { key: '' }, 'engine-key'],
    ['no model', { model: '' }, 'model'],
    ['answers too short to think', { maxOutputTokens: 100 }, '2048'],
    [
      'a path that the system cuts off',
      { listen: { kind: 'socket', path: `/tmp/${'a'.repeat(120)}` } },
      '107',
    ],
  ])('%s', async (_, given, word) => {
    const error = await openProxy({ ...usual, ...given }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );

    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toContain(word);
    expect(`${error}${(error as UserError).remedy}`).not.toMatch(/secret-word|0123456789/);
  });
});
