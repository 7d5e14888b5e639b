import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ApiError } from '../../../core/api/errors.ts';
import { createSend } from '../../../core/api/http.ts';
import type { Send } from '../../../core/api/send.ts';
import { call, list } from '../../../core/forge/call.ts';
import { createMask } from '../../../core/mask.ts';

type Handler = (request: http.IncomingMessage, response: http.ServerResponse, nth: number) => void;

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function serve(
  handler: Handler,
  options: { deadline?: number; token?: string } = {},
): Promise<{ send: Send; seen: string[]; waits: number[] }> {
  const seen: string[] = [];
  const waits: number[] = [];
  const server = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    handler(request, response, seen.length);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const mask = createMask();
  if (options.token !== undefined) mask.add(options.token);
  let clock = 1_000_000;
  const send = createSend({
    url: `http://127.0.0.1:${port}`,
    token: options.token ?? 'token',
    mask,
    deadline: clock + (options.deadline ?? 60_000),
    clock: () => clock,
    // Time passes without waiting.
    pause: async (ms) => {
      waits.push(ms);
      clock += ms;
    },
  });
  open.push(() => {
    send.close();
    server.close();
    server.closeAllConnections();
  });
  return { send, seen, waits };
}

function json(
  response: http.ServerResponse,
  status: number,
  body: unknown,
  headers: http.OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function failure(work: Promise<unknown>): Promise<ApiError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it succeeded');
}

const read = { method: 'GET', route: '/things' } as const;
const write = { method: 'POST', route: '/things', body: { a: 1 } } as const;
const thing = z.object({ id: z.int() });
const things = (send: Send): Promise<unknown[]> => list(send, read, thing, ({ id }) => id);

describe('a list', () => {
  const all = Array.from({ length: 17 }, (_, id) => ({ id }));
  const pageOf = (request: http.IncomingMessage, size: number): typeof all => {
    const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
    return all.slice((page - 1) * size, page * size);
  };

  it.each([7, 30, 50])('is read whole from a server that caps pages at %i', async (size) => {
    const { send } = await serve((request, response) =>
      json(response, 200, pageOf(request, size), { 'x-total-count': all.length }),
    );

    expect(await things(send)).toHaveLength(17);
  });

  it('without a count is read until a page comes back empty', async () => {
    const { send, seen } = await serve((request, response) => json(response, 200, pageOf(request, 7)));

    expect(await things(send)).toHaveLength(17);
    expect(seen).toHaveLength(4);
  });

  it('that is shorter than the server counts is refused', async () => {
    const { send } = await serve((request, response) =>
      json(response, 200, pageOf(request, 7).slice(0, request.url?.includes('page=2') ? 0 : 7), {
        'x-total-count': all.length,
      }),
    );

    expect(await failure(things(send))).toMatchObject({
      kind: 'incomplete',
      message: expect.stringContaining('10 items although the forge counts 17'),
    });
  });

  it.each<[string, Handler, string]>([
    ['answers 500', (_, response) => json(response, 500, { message: '' }), 'server'],
    [
      'answers 502 for page 2',
      (request, response) =>
        request.url?.includes('page=2')
          ? json(response, 502, {})
          : json(response, 200, pageOf(request, 7), { 'x-total-count': 17 }),
      'server',
    ],
    [
      'is cut in the middle',
      (request, response) =>
        request.url?.includes('page=2')
          ? response
              .writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
              .write('[{"id":', () => request.socket.destroy())
          : json(response, 200, pageOf(request, 7), { 'x-total-count': 17 }),
      'unreachable',
    ],
    [
      'is an HTML page',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      'shape',
    ],
  ])('that %s is an error, never a shorter list', async (_, handler, kind) => {
    const { send } = await serve(handler);

    expect((await failure(things(send))).kind).toBe(kind);
  });

  it.each([
    ['a hundred thousand million', '99999999999'],
    ['beyond every number', '9'.repeat(400)],
  ])('whose count is %s, which no list has, is refused after a few pages', async (_, count) => {
    const { send, seen } = await serve((request, response, nth) =>
      // Whoever goes on is told so in the end, and does not go on for ever.
      nth > 60
        ? json(response, 404, {})
        : json(response, 200, pageOf(request, 7), { 'x-total-count': count }),
    );

    expect((await failure(things(send))).kind).toBe('incomplete');
    expect(seen.length).toBeLessThan(40);
  });

  it('without a count, of which every page is the same one, is refused', async () => {
    const { send, seen } = await serve((_, response, nth) =>
      nth > 60 ? json(response, 404, {}) : json(response, 200, all.slice(0, 7)),
    );

    expect(await failure(things(send))).toMatchObject({
      kind: 'incomplete',
      message: expect.stringContaining('page 2 with nothing in it'),
    });
    expect(seen).toHaveLength(2);
  });

  it('has its items in the order of its pages, whichever comes first', async () => {
    const waiting: (() => void)[] = [];
    const { send } = await serve((request, response, nth) => {
      const answer = (): void => json(response, 200, pageOf(request, 7), { 'x-total-count': all.length });
      if (nth === 1) return answer();
      waiting.push(answer);
      // The third page first.
      if (waiting.length === 2) for (const one of waiting.reverse()) one();
    });

    expect(await things(send)).toEqual(all);
  });

  it('that grows while it is read is read again', async () => {
    let extra = 0;
    const { send } = await serve((request, response, nth) => {
      if (nth === 2) extra = 1;
      json(response, 200, pageOf(request, 7), { 'x-total-count': all.length - 1 + extra });
    });

    expect(await things(send)).toHaveLength(17);
  });

  /** Loses its third item after every reading of the first page. */
  const shrinking = (times: number): Handler => {
    let left = all;
    let lost = 0;
    return (request, response) => {
      const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
      json(response, 200, left.slice((page - 1) * 7, page * 7), { 'x-total-count': left.length });
      if (page !== 1 || lost === times) return;
      lost += 1;
      left = left.filter((_, index) => index !== 2);
    };
  };

  it('that loses an item while it is read is read again: another one has moved up onto a page that was read', async () => {
    const { send } = await serve(shrinking(1));

    expect(await things(send)).toEqual(all.filter(({ id }) => id !== 2));
  });

  it('that loses one whenever it is read is refused', async () => {
    const { send } = await serve(shrinking(3));

    expect(await failure(things(send))).toMatchObject({
      kind: 'incomplete',
      message: expect.stringContaining('was counted differently on each of its pages, 3 times'),
    });
  });
});

describe('a write whose answer never comes', () => {
  it('is unknown, and not repeated', async () => {
    const { send, seen } = await serve((request) => request.socket.destroy());

    expect(await failure(call(send, write, z.unknown()))).toMatchObject({
      kind: 'unknown-outcome',
      message: expect.stringContaining('whether it happened is unknown'),
    });
    expect(seen).toHaveLength(1);
  });

  it.each([502, 503, 504])('because a proxy answered %i is unknown as well', async (status) => {
    const { send, seen } = await serve((_, response) => json(response, status, {}, { 'retry-after': '1' }));

    expect((await failure(call(send, write, z.unknown()))).kind).toBe('unknown-outcome');
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['a web page', 'text/html', '<html><title>Sign in</title></html>'],
    ['no data', 'text/plain', 'OK'],
    ['something else', 'application/json', '{"what":1}'],
    ['nothing', 'application/json', ''],
  ])('in words that say what was done, but as %s, is unknown as well', async (_, type, text) => {
    const { send, seen } = await serve((__, response) =>
      response.writeHead(201, { 'content-type': type }).end(text),
    );

    expect(await failure(call(send, write, thing))).toMatchObject({
      kind: 'unknown-outcome',
      message: expect.stringContaining('whether it happened is unknown'),
      remedy: expect.stringContaining('it finds out by reading'),
    });
    expect(seen).toHaveLength(1);
  });

  it('is unknown where a web page answers, also for whoever looks at the status alone', async () => {
    const { send } = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><title>Sign in</title></html>'),
    );

    expect(await failure(send(write))).toMatchObject({
      kind: 'unknown-outcome',
      message: expect.stringContaining('Sign in'),
    });
  });

  it('is tried again when no connection was ever made', async () => {
    const waits: number[] = [];
    let clock = 0;
    const send = createSend({
      url: 'http://127.0.0.1:1',
      token: '',
      mask: createMask(),
      deadline: 60_000,
      clock: () => clock,
      pause: async (ms) => {
        waits.push(ms);
        clock += ms;
      },
    });

    expect((await failure(call(send, write, z.unknown()))).kind).toBe('unreachable');
    expect(waits).toHaveLength(3);
  });
});

describe('a limiter in front of the forge', () => {
  it('is honoured for reads and writes alike when it turned the request away', async () => {
    const { send, waits } = await serve((_, response, nth) =>
      nth === 1 ? json(response, 429, {}, { 'retry-after': '3' }) : json(response, 200, {}),
    );

    await call(send, write, z.unknown());

    expect(waits).toEqual([3000]);
  });

  it('is honoured for reads on 503, by seconds or by date', async () => {
    const { send, waits } = await serve((_, response, nth) =>
      nth < 3
        ? json(
            response,
            503,
            {},
            nth === 1
              ? { 'retry-after': '2' }
              : { 'retry-after': new Date(1_007_000).toUTCString(), date: new Date(1_002_000).toUTCString() },
          )
        : json(response, 200, {}),
    );

    await call(send, read, z.unknown());

    expect(waits).toEqual([2000, 5000]);
  });

  it('names a date by its own clock, however far ahead that is', async () => {
    const { send, waits } = await serve((_, response, nth) =>
      nth === 1
        ? json(
            response,
            429,
            {},
            {
              'retry-after': new Date(90_000_005_000).toUTCString(),
              date: new Date(90_000_000_000).toUTCString(),
            },
          )
        : json(response, 200, {}),
    );

    await call(send, read, z.unknown());

    expect(waits).toEqual([5000]);
  });

  it.each(['0', '-1', '1.5', 'soon', 'Thu, 01 Jan 1970 00:00:00 GMT'])(
    'that asks to wait for %s is left in peace all the same, longer each time',
    async (header) => {
      const { send, waits } = await serve((_, response) =>
        json(response, 429, {}, { 'retry-after': header }),
      );

      await failure(call(send, read, z.unknown()));

      expect(waits.map((wait, nth) => wait >= 100 * 2 ** nth)).toEqual([true, true, true]);
    },
  );

  it('that asks for more time than the deadline leaves is not waited for', async () => {
    const { send, waits } = await serve((_, response) => json(response, 429, {}, { 'retry-after': '3600' }));

    expect((await failure(call(send, read, z.unknown()))).kind).toBe('rate');
    expect(waits).toEqual([]);
  });
});

describe('errors', () => {
  it('name the missing scope', async () => {
    const { send } = await serve((_, response) =>
      json(response, 403, {
        message: 'token does not have at least one of required scope(s): [write:issue]',
      }),
    );

    expect(await failure(call(send, write, z.unknown()))).toMatchObject({
      kind: 'scope',
      remedy:
        'Create a token that also has the scope write:issue, and put it where this one comes from (in CI: its secret).',
    });
  });

  it('tell a lost race from a missing right, and never show a path of the server', async () => {
    const { send } = await serve((_, response) =>
      json(response, 403, {
        message:
          "PushRejected Error: exit status 1 - remote: error: cannot lock ref 'refs/heads/main': /var/lib/forge/secret.git",
      }),
    );

    const error = await failure(call(send, write, z.unknown()));

    expect(error.kind).toBe('race');
    expect(error.message).not.toContain('/var/lib');
  });

  it('of an unknown token never repeat it', async () => {
    const { send } = await serve((_, response) =>
      json(response, 401, { message: 'access token does not exist [sha: abcdef0123]' }),
    );

    const error = await failure(call(send, read, z.unknown()));

    expect(error.kind).toBe('token');
    expect(`${error.message} ${error.remedy}`).not.toContain('abcdef0123');
  });

  it('with an empty body are errors all the same', async () => {
    const { send } = await serve((_, response) => response.writeHead(403).end());

    expect((await failure(call(send, write, z.unknown()))).kind).toBe('permission');
  });
});

describe('a token', () => {
  it('goes to its host only: a redirect is an error', async () => {
    const { send, seen } = await serve((_, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end(),
    );

    expect(await failure(call(send, read, z.unknown()))).toMatchObject({ status: 302 });
    expect(seen).toHaveLength(1);
  });

  it('is never sent in a body, in any form', async () => {
    const token = 'a-secret-token-1234';
    const { send, seen } = await serve((_, response) => json(response, 200, {}), { token });

    for (const body of [{ text: token }, { content: Buffer.from(`x${token}`).toString('base64') }]) {
      expect((await failure(call(send, { ...write, body }, z.unknown()))).message).toContain(
        'would publish a secret',
      );
    }
    expect(seen).toEqual([]);
  });
});

describe('the deadline', () => {
  it('ends a run before the next call', async () => {
    const { send } = await serve((_, response) => json(response, 200, {}), { deadline: 0 });

    expect((await failure(call(send, read, z.unknown()))).kind).toBe('deadline');
  });
});

describe('the end of an answer', () => {
  const log = { method: 'GET', route: '/log', lastBytes: 1000 } as const;

  it('is asked for as a part, and is text whatever it claims to be', async () => {
    let asked: string | undefined;
    const { send } = await serve((request, response) => {
      asked = request.headers.range;
      response.writeHead(206, { 'content-type': 'application/json' });
      response.end('"data":"eA=="}]');
    });

    expect(await send(log)).toMatchObject({ status: 206, body: '"data":"eA=="}]' });
    expect(asked).toBe('bytes=-1000');
  });

  it('is kept alone where the server gives no parts', async () => {
    const { send } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      for (let nth = 0; nth < 100; nth += 1) response.write(`${nth} ${'x'.repeat(100_000)}`);
      response.end('the end');
    });

    const { body } = await send(log);

    expect(body).toBe(`${'x'.repeat(993)}the end`);
  });

  it('is no reason to cut what an error says', async () => {
    const { send } = await serve((_, response) => json(response, 404, { message: 'no such job' }));

    expect(await send(log)).toMatchObject({ status: 404, body: { message: 'no such job' } });
  });
});
