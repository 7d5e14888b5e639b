import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import tls from 'node:tls';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { ApiError } from '../../../core/api/errors.ts';
import { createSend, type HttpOptions } from '../../../core/api/http.ts';
import type { ApiResponse, Send } from '../../../core/api/send.ts';
import { call } from '../../../core/forge/call.ts';
import { createMask } from '../../../core/mask.ts';
import { alone, authority, ofAnotherHost, ofThisMachine, old } from './certificates.ts';

const read = { method: 'GET', route: '/things' } as const;
const write = { method: 'POST', route: '/things', body: { a: 1 } } as const;
const token = 'the-token-of-the-forge';

const open: (() => void)[] = [];
/** The requests whose head was written to a connection, by undici's own word: what we say is held against it. */
const began: string[] = [];
const note = (message: unknown): void => {
  const { request } = message as { request: { method: string; path: string } };
  if (request.method !== 'CONNECT') began.push(`${request.method} ${request.path}`);
};
beforeEach(() => {
  began.length = 0;
  subscribe('undici:client:sendHeaders', note);
});
afterEach(() => {
  unsubscribe('undici:client:sendHeaders', note);
  vi.unstubAllEnvs();
  for (const close of open.splice(0)) close();
});

/** Listens on loopback until the test is over. `connections` is every one that was ever made, in its order. */
async function listen(server: net.Server): Promise<{ port: number; connections: net.Socket[] }> {
  const connections: net.Socket[] = [];
  server.on('connection', (socket: net.Socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(() => {
    server.close();
    for (const socket of connections) socket.destroy();
  });
  return { port: (server.address() as net.AddressInfo).port, connections };
}

/** A port that nobody listens on. */
async function nobody(): Promise<number> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function sender(
  url: string,
  { left = 60_000, ...options }: Partial<HttpOptions> & { left?: number } = {},
): { send: Send & { close(): void }; waits: number[] } {
  const waits: number[] = [];
  let clock = 1_000_000;
  const send = createSend({
    url,
    token,
    mask: createMask(),
    deadline: clock + left,
    clock: () => clock,
    // Time passes without waiting.
    pause: async (ms) => {
      waits.push(ms);
      clock += ms;
    },
    ...options,
  });
  open.push(() => send.close());
  return { send, waits };
}

async function failure(work: Promise<ApiResponse>): Promise<ApiError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it succeeded');
}

/** A forge that answers everything with an empty object. */
const forge: http.RequestListener = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
};

async function plain(handler: http.RequestListener): Promise<{ url: string; seen: (string | undefined)[] }> {
  const seen: (string | undefined)[] = [];
  const { port } = await listen(
    http.createServer((request, response) => {
      seen.push(request.url);
      handler(request, response);
    }),
  );
  return { url: `http://127.0.0.1:${port}`, seen };
}

async function secure(
  certificate: { cert: string; key: string },
  handler: http.RequestListener = forge,
): Promise<{ url: string; seen: (string | undefined)[]; authorizations: (string | undefined)[] }> {
  const seen: (string | undefined)[] = [];
  const authorizations: (string | undefined)[] = [];
  const inner = http.createServer((request, response) => {
    seen.push(request.url);
    authorizations.push(request.headers.authorization);
    handler(request, response);
  });
  const server = tls.createServer(certificate, (socket) => {
    socket.on('error', () => undefined);
    inner.emit('connection', socket);
  });
  server.on('tlsClientError', () => undefined);
  const { port } = await listen(server);
  return { url: `https://127.0.0.1:${port}`, seen, authorizations };
}

/** A proxy that does what it should, and keeps what it saw. */
async function proxy(
  through: (client: net.Socket) => void = () => undefined,
  server: http.Server = http.createServer(),
): Promise<{
  port: number;
  connections: net.Socket[];
  requests: http.IncomingMessage[];
  text: () => string;
}> {
  const requests: http.IncomingMessage[] = [];
  let text = '';
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    requests.push(request);
    response.writeHead(501).end();
  });
  server.on('connect', (request: http.IncomingMessage, client: net.Socket, head: Buffer) => {
    requests.push(request);
    const upstream = net.connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.write(head);
      client.pipe(upstream).pipe(client);
      through(client);
    });
    open.push(() => upstream.destroy());
    upstream.on('error', () => undefined);
    client.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
  });
  return { ...(await listen(server)), requests, text: () => text };
}

/** Work whose time is over as soon as something else has happened: no clock is waited for. */
async function overtaken<T>(happened: Promise<unknown>, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const done = work();
    await happened;
    vi.advanceTimersByTime(soon);
    return await done;
  } finally {
    vi.useRealTimers();
  }
}
/** In milliseconds; less than any pause before another attempt. */
const soon = 50;

/** Does something with a connection when the head of a request has come over it. */
const afterHead =
  (work: (socket: net.Socket) => void) =>
  (socket: net.Socket): void => {
    let text = '';
    socket.on('data', (chunk) => {
      const before = text.includes('\r\n\r\n');
      text += chunk.toString('latin1');
      if (!before && text.includes('\r\n\r\n')) work(socket);
    });
  };
const answering = (answer: string): ((socket: net.Socket) => void) =>
  afterHead((socket) => socket.write(answer, () => socket.destroy()));

const sent: [string, (socket: net.Socket) => void][] = [
  ['as soon as it stands', (socket) => socket.destroy()],
  ['when the head of the request has come', afterHead((socket) => socket.destroy())],
  ['before the answer', answering('')],
  ['in the first line of the answer', answering('HTTP/1.1 20')],
  ['in the head of the answer', answering('HTTP/1.1 200 OK\r\ncontent-ty')],
  ['after a mere 100', answering('HTTP/1.1 100 Continue\r\n\r\n')],
  ['after mere early hints', answering('HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n')],
  [
    'in a body whose length was told',
    answering('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id":'),
  ],
  [
    'in a chunk of the body',
    answering(
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{"id":',
    ),
  ],
  [
    'between two chunks',
    answering(
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n',
    ),
  ],
  [
    'in a body that only the end of the connection ends',
    answering('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{"id":'),
  ],
  ['after an answer that is not HTTP', answering('220 mail.example ESMTP\r\n')],
];

describe('a connection that is closed', () => {
  it.each(sent)('%s leaves a write unknown, and it is not sent again', async (_, broken) => {
    const { port, connections } = await listen(net.createServer(broken));
    const { send } = sender(`http://127.0.0.1:${port}`);

    expect(await failure(send(write))).toMatchObject({ kind: 'unknown-outcome', status: 0 });
    expect(connections).toHaveLength(1);
    expect(began).toEqual(['POST /api/v1/things']);
  });

  it.each(sent)('%s is tried again for a read, each time over a new one', async (_, broken) => {
    const { port, connections } = await listen(net.createServer(broken));
    const { send, waits } = sender(`http://127.0.0.1:${port}`);

    expect((await failure(send(read))).kind).toBe('unreachable');
    expect(waits).toHaveLength(3);
    expect(connections).toHaveLength(4);
    expect(began).toHaveLength(4);
  });

  it('by a reset as soon as it stands is told by whether anything was written', async () => {
    const { port } = await listen(net.createServer((socket) => socket.resetAndDestroy()));
    const { send } = sender(`http://127.0.0.1:${port}`);

    const { kind } = await failure(send(write));

    // Which of the two the system sees first is its own business.
    expect(kind).toBe(began.length === 0 ? 'unreachable' : 'unknown-outcome');
  });

  it('in the middle of the body of a write leaves it unknown', async () => {
    const { port, connections } = await listen(
      net.createServer((socket) => socket.once('data', () => socket.destroy())),
    );
    const { send } = sender(`http://127.0.0.1:${port}`);

    const error = await failure(send({ ...write, body: { a: 'x'.repeat(8 * 1024 * 1024) } }));

    expect(error.kind).toBe('unknown-outcome');
    expect(connections).toHaveLength(1);
  });

  it('just as a kept-alive one is used again leaves a write unknown', async () => {
    const { port, connections } = await listen(
      http.createServer((request, response) => {
        if (request.method === 'GET') forge(request, response);
        else request.socket.destroy();
      }),
    );
    const { send } = sender(`http://127.0.0.1:${port}`);
    // Over a connection each: the first is free again one turn after its answer.
    await send(read);
    await send(read);

    expect((await failure(send(write))).kind).toBe('unknown-outcome');
    expect(connections).toHaveLength(2);
  });

  it('while nothing was asked does no harm: the next write has a new one', async () => {
    const { port, connections } = await listen(http.createServer(forge));
    const { send } = sender(`http://127.0.0.1:${port}`);
    await send(read);
    const [first] = connections;
    if (first === undefined) throw new Error('there was no connection');
    first.end();
    await once(first, 'close');

    expect((await send(write)).status).toBe(200);
    expect(connections).toHaveLength(2);
  });

  it('without a word after a whole answer of unknown length is an answer', async () => {
    const { port } = await listen(
      net.createServer(
        answering('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{"id":1}'),
      ),
    );
    const { send } = sender(`http://127.0.0.1:${port}`);

    expect((await send(write)).body).toEqual({ id: 1 });
  });
});

describe('connections', () => {
  it('are kept for the next request', async () => {
    const { port, connections } = await listen(http.createServer(forge));
    const { send } = sender(`http://127.0.0.1:${port}`);

    for (const request of [read, write, read, write, read, write]) await send(request);

    // Two and not one: undici has a connection free again one turn of the event loop after its answer.
    expect(connections).toHaveLength(2);
  });

  it('are eight at most', async () => {
    const waiting: http.ServerResponse[] = [];
    const { port, connections } = await listen(
      http.createServer((_, response) => {
        waiting.push(response);
        // Whoever may come at the same time is here: the rest must wait for an answer.
        if (waiting.length >= 8 || began.length > 8) for (const one of waiting.splice(0)) one.end();
      }),
    );
    const { send } = sender(`http://127.0.0.1:${port}`);

    await Promise.all(Array.from({ length: 24 }, () => send(read)));

    expect(connections).toHaveLength(8);
  });

  it('tell for each request by itself whether it was sent: nine writes have eight', async () => {
    const seen: string[] = [];
    let now = 0;
    let full = (): void => undefined;
    const eight = new Promise<void>((done) => {
      full = done;
    });
    const { port, connections } = await listen(
      http.createServer((request, response) => {
        seen.push(`${request.method} ${request.url}`);
        if (request.method === 'GET') forge(request, response);
        else if (seen.length === 8) full();
      }),
    );
    const { send } = sender(`http://127.0.0.1:${port}`, { deadline: soon, clock: () => now });

    const errors = await overtaken(eight, () =>
      Promise.all(
        Array.from({ length: 9 }, (_, nth) => failure(send({ ...write, route: `/things/${nth}` }))),
      ),
    );

    expect(errors.map(({ kind }) => kind)).toEqual([...Array(8).fill('unknown-outcome'), 'unreachable']);
    expect(errors[8]?.message).toContain('got no answer (no answer within 0 s)');
    // The eight are given up; and not even now, when there is room again, the ninth is sent.
    await Promise.all(connections.slice(0, 8).map((socket) => socket.destroyed || once(socket, 'close')));
    now -= 60_000;
    for (const request of [read, read, read]) await send(request);
    expect(seen.filter((call) => call.startsWith('POST')).sort()).toEqual(
      Array.from({ length: 8 }, (_, nth) => `POST /api/v1/things/${nth}`),
    );
    expect(began).toHaveLength(11);
  });

  it('ask for no packed answer, and name the forge and nobody else', async () => {
    let headers: http.IncomingHttpHeaders = {};
    const { port } = await listen(
      http.createServer((request, response) => {
        headers = request.headers;
        forge(request, response);
      }),
    );
    const { send } = sender(`http://127.0.0.1:${port}`);

    await send(write);

    expect(headers).toEqual({
      host: `127.0.0.1:${port}`,
      connection: 'keep-alive',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'cache-control': 'no-cache',
      'user-agent': 'forgecrew',
      authorization: `token ${token}`,
      'content-type': 'application/json',
      'content-length': '7',
    });
  });

  it('tell of an answer that is packed all the same what it is', async () => {
    const { url } = await plain((_, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync('{}')),
    );

    expect((await failure(sender(url).send(read))).message).toContain(
      'the answer is packed as "gzip", which nobody asked for',
    );
  });

  it('give a request its whole time, however long it waited for the answers of others', async () => {
    const waiting: http.ServerResponse[] = [];
    let came = (): void => undefined;
    const arrivals = (count: number): Promise<void> =>
      new Promise((done) => {
        came = () => (waiting.length === count ? done() : undefined);
        came();
      });
    const { url } = await plain((_, response) => {
      waiting.push(response);
      came();
    });
    const { send } = sender(url);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const done = Promise.all(Array.from({ length: 9 }, () => send(write)));
      await arrivals(8);
      vi.advanceTimersByTime(20_000);
      for (const one of waiting.splice(0)) one.end();
      await arrivals(1);
      vi.advanceTimersByTime(20_000);
      for (const one of waiting.splice(0)) one.end();

      expect(await done).toHaveLength(9);
    } finally {
      vi.useRealTimers();
    }
  });

  it('are waited for under a deadline of years', async () => {
    const { url } = await plain((_, response) => void setImmediate(() => response.end('late')));

    expect(await sender(url, { left: 365 * 86_400_000 }).send(read)).toMatchObject({ body: 'late' });
  });

  it('hand on what an answer says, a header that comes twice as one', async () => {
    const { port } = await listen(
      http.createServer((_, response) => {
        response.writeHead(201, { 'X-Total-Count': '7', 'X-More': ['a', 'b'] }).end('plain text');
      }),
    );
    const { send } = sender(`http://127.0.0.1:${port}`);

    expect(await send(write)).toMatchObject({
      status: 201,
      headers: { 'x-total-count': '7', 'x-more': 'a,b' },
      body: 'plain text',
    });
  });

  it('take no answer that is larger than 64 MiB', async () => {
    const { port } = await listen(
      http.createServer((_, response) => {
        const piece = Buffer.alloc(1024 * 1024, 'x');
        let left = 65;
        const more = (): void => {
          if (left-- > 0) response.write(piece, more);
          else response.end();
        };
        more();
      }),
    );
    const { send } = sender(`http://127.0.0.1:${port}`);

    expect(await failure(send(write))).toMatchObject({
      kind: 'unknown-outcome',
      message: expect.stringContaining('the answer is larger than 64 MiB'),
    });
  });

  it('name the setting whose value is no address', async () => {
    const { send, waits } = sender('forge.example');

    await expect(send(read)).rejects.toMatchObject({
      kind: 'unreachable',
      message: 'forge-url is no address: "forge.example".',
    });
    expect(waits).toEqual([]);
  });

  it('send nothing where the token cannot stand in a header, and do not show it', async () => {
    const { port, connections } = await listen(http.createServer(forge));
    const { send, waits } = sender(`http://127.0.0.1:${port}`, { token: 'two\nlines' });

    const error = await send(read).catch((reason: unknown) => reason);

    expect(error).toMatchObject({ kind: 'token', message: expect.stringContaining('that no token has') });
    expect(inspect(error)).not.toContain('two');
    expect(waits).toEqual([]);
    expect(began).toEqual([]);
    expect(connections.length).toBeLessThanOrEqual(1);
  });
});

describe('a connection that is never made', () => {
  const never: [string, (socket: net.Socket) => void][] = [
    ['closes on the first word', (socket) => socket.once('data', () => socket.destroy())],
    ['closes at once', (socket) => socket.destroy()],
    ['speaks no TLS', (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))],
    // A fatal alert: handshake_failure.
    [
      'refuses the handshake',
      (socket) => socket.once('data', () => socket.end(Buffer.from('15030300020228', 'hex'))),
    ],
  ];

  it.each([read, write])('because nobody listens is tried again: $method', async (request) => {
    const { send, waits } = sender(`http://127.0.0.1:${await nobody()}`);

    expect(await failure(send(request))).toMatchObject({
      kind: 'unreachable',
      message: `${request.method} /things got no answer (ECONNREFUSED).`,
    });
    expect(waits).toHaveLength(3);
    expect(began).toEqual([]);
  });

  it('because the host has no address is tried again', async () => {
    const { send, waits } = sender('http://forge.invalid');

    expect((await failure(send(write))).message).toMatch(/got no answer \((ENOTFOUND|EAI_AGAIN)\)/);
    expect(waits).toHaveLength(3);
    expect(began).toEqual([]);
  });

  it.each(never)('because what should speak TLS %s is tried again for a write', async (_, broken) => {
    const { port, connections } = await listen(net.createServer(broken));
    const { send, waits } = sender(`https://127.0.0.1:${port}`);

    expect((await failure(send(write))).kind).toBe('unreachable');
    expect(waits).toHaveLength(3);
    expect(connections).toHaveLength(4);
    expect(began).toEqual([]);
  });

  it.each<[string, () => net.Server]>([
    ['TLS', () => net.createServer()],
    ['TLS for long', () => net.createServer((socket) => socket.once('data', () => socket.write('\x16')))],
  ])('because it does not come to %s ends at the deadline, and lets go of it', async (_, server) => {
    const made = server();
    const { port, connections } = await listen(made);
    const { send } = sender(`https://127.0.0.1:${port}`, { left: soon });

    const error = await overtaken(once(made, 'connection'), () => failure(send(write)));

    expect(error.kind).toBe('unreachable');
    expect(began).toEqual([]);
    send.close();
    await Promise.all(connections.map((socket) => socket.destroyed || once(socket.resume(), 'close')));
  });
});

describe('TLS', () => {
  it('is spoken with a host whose authority was given', async () => {
    const { url, authorizations } = await secure(ofThisMachine);
    const { send } = sender(url, { ca: authority });

    expect((await send(write)).status).toBe(200);
    expect(authorizations).toEqual([`token ${token}`]);
  });

  it.each<[string, { cert: string; key: string }, string | undefined, string, string]>([
    [
      'whose authority nobody knows',
      ofThisMachine,
      undefined,
      'is signed by an authority that is not known here (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
      'name that file in forge-ca (`forge-ca:` below `with:` in a workflow, `forge_ca:` below `settings:` on Woodpecker',
    ],
    [
      'whose authority is not among the ones given',
      ofThisMachine,
      '',
      'is signed by an authority that is not known here (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
      'NODE_EXTRA_CA_CERTS of the runner or agent',
    ],
    [
      'that vouches for itself',
      alone,
      undefined,
      'is signed by nobody but itself (DEPTH_ZERO_SELF_SIGNED_CERT)',
      'in forge-ca',
    ],
    [
      'whose certificate has expired',
      old,
      old.cert,
      'has expired (CERT_HAS_EXPIRED)',
      'Renew it on the server; no setting of this role helps',
    ],
    [
      'whose certificate is for another host',
      ofAnotherHost,
      authority,
      'is for "elsewhere.example" (ERR_TLS_CERT_ALTNAME_INVALID)',
      'Write forge-url with a name that the certificate has',
    ],
  ])(
    'is not spoken with a host %s: that is named, once, and nothing is sent',
    async (_, certificate, ca, said, remedy) => {
      const { url, seen } = await secure(certificate);

      for (const request of [read, write]) {
        const { send, waits } = sender(url, ca === undefined ? {} : { ca });
        const error = await failure(send(request));

        expect(error.kind).toBe('unreachable');
        expect(error.message).toContain(`${request.method} /things was not sent: the certificate`);
        expect(error.message).toContain(said);
        expect(error.message).toContain(new URL(url).host);
        expect(error.remedy).toContain(remedy);
        expect(waits).toEqual([]);
      }
      expect(seen).toEqual([]);
      expect(began).toEqual([]);
    },
  );

  it('is not spoken with a server that does not speak it, which is named', async () => {
    const { url, seen } = await plain(forge);
    const { send, waits } = sender(url.replace('http:', 'https:'));

    const error = await failure(send(read));

    expect(error.message).toContain('does not speak TLS');
    expect(error.remedy).toContain('Write forge-url with http://');
    expect(waits).toHaveLength(3);
    expect(seen).toEqual([]);
  });

  it('is not tried with authorities that are no certificates: that is said instead', async () => {
    const { url, seen } = await secure(ofThisMachine);
    const { send, waits } = sender(url, { ca: 'not a certificate' });

    expect((await failure(send(read))).message).toBe(
      'What was given as certificate authorities holds no certificate in PEM form.',
    );
    expect(waits).toEqual([]);
    expect(seen).toEqual([]);
  });

  it('is not made lax by the environment', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const { url, seen } = await secure(ofThisMachine);
    const { send } = sender(url);

    expect((await failure(send(read))).kind).toBe('unreachable');
    expect(seen).toEqual([]);
  });

  it('leaves a write unknown when it ends behind the handshake', async () => {
    const server = tls.createServer(ofThisMachine, (socket) => socket.destroy());
    const { port, connections } = await listen(server);
    const { send } = sender(`https://127.0.0.1:${port}`, { ca: authority });

    expect((await failure(send(write))).kind).toBe('unknown-outcome');
    expect(connections).toHaveLength(1);
  });

  it('is trusted beside, not instead of, the authorities that Node brings along', async () => {
    const create = vi.spyOn(tls, 'createSecureContext');
    syncBuiltinESMExports();
    open.push(() => {
      create.mockRestore();
      syncBuiltinESMExports();
    });
    const { url } = await secure(ofThisMachine);
    const { send } = sender(url, { ca: authority });

    await Promise.all([send(read), send(read)]);

    const trusted = create.mock.calls.map(([options]) => options?.ca).filter(Array.isArray);
    expect(trusted).toHaveLength(1);
    expect(tls.rootCertificates.filter((one) => !trusted[0]?.includes(one))).toEqual([]);
    expect(trusted[0]).toContain(authority);
  });

  it('is judged by the name of the forge behind a tunnel too', async () => {
    const { url, seen } = await secure(ofAnotherHost);
    const { port, connections } = await proxy();
    const { send } = sender(url, { ca: authority, proxy: { httpsProxy: `http://127.0.0.1:${port}` } });

    expect((await failure(send(write))).message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(connections).toHaveLength(1);
    expect(seen).toEqual([]);
  });
});

describe.each(['http', 'https'])('a proxy, for a forge by %s,', (scheme) => {
  const user = 'somebody';
  const password = 'proxy-pass-word';

  /** A forge, and a sender that asks it through this proxy. */
  async function behind(
    proxyPort: number,
    {
      handler = forge,
      ...options
    }: Partial<HttpOptions> & { handler?: http.RequestListener; left?: number } = {},
  ): Promise<ReturnType<typeof sender> & { host: string; seen: (string | undefined)[] }> {
    const address = `http://${user}:${password}@127.0.0.1:${proxyPort}`;
    const { url, seen } = await (scheme === 'https' ? secure(ofThisMachine, handler) : plain(handler));
    const made = sender(url, {
      proxy: { httpProxy: address, httpsProxy: address },
      ca: authority,
      ...options,
    });
    return { ...made, host: new URL(url).host, seen };
  }

  it('goes through a tunnel, over which alone the token goes', async () => {
    const { port, requests, text } = await proxy();
    const { send, host, seen } = await behind(port);

    for (const request of [read, write, read]) expect((await send(request)).status).toBe(200);

    expect(requests.length).toBeLessThanOrEqual(2);
    for (const { method, url, headers, rawHeaders } of requests) {
      expect(`${method} ${url}`).toBe(`CONNECT ${host}`);
      expect(headers).toMatchObject({
        'proxy-authorization': `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      });
      expect(rawHeaders.join('\n')).not.toContain(token);
    }
    expect(text().includes(token)).toBe(scheme === 'http');
    expect(text()).not.toContain('proxy-authorization');
    expect(seen).toHaveLength(3);
  });

  it('leaves a host out that no_proxy names, and all with *', async () => {
    for (const noProxy of ['elsewhere.example, 127.0.0.1', '*']) {
      const { port, connections } = await proxy();
      const address = `http://127.0.0.1:${port}`;
      const { send } = await behind(port, { proxy: { httpProxy: address, httpsProxy: address, noProxy } });

      expect((await send(read)).status).toBe(200);
      expect(connections).toEqual([]);
    }
  });

  it.each([undefined, {}])(
    'asks none when none is given, whatever the environment says: %j',
    async (given) => {
      const { port, connections } = await proxy();
      for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])
        vi.stubEnv(name, `http://127.0.0.1:${port}`);
      const { url } = await (scheme === 'https' ? secure(ofThisMachine) : plain(forge));
      const { send } = sender(url, { ca: authority, ...(given === undefined ? {} : { proxy: given }) });

      expect((await send(read)).status).toBe(200);
      expect(connections).toEqual([]);
    },
  );

  it('takes no_proxy from nowhere else', async () => {
    vi.stubEnv('no_proxy', '*');
    vi.stubEnv('NO_PROXY', '*');
    const { port, requests } = await proxy();
    const { send } = await behind(port);

    await send(read);

    expect(requests).toHaveLength(1);
  });

  it('reads an address without http:// as curl does', async () => {
    const { port, requests } = await proxy();
    const address = `127.0.0.1:${port}`;
    const { send } = await behind(port, { proxy: { httpProxy: address, httpsProxy: address } });

    await send(read);

    expect(requests).toHaveLength(1);
  });

  const refused: [string, (socket: net.Socket) => void, string][] = [
    ['refuses with 403', answering('HTTP/1.1 403 Forbidden\r\n\r\n'), 'the proxy answered 403 to CONNECT'],
    [
      'wants another password',
      answering('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 4\r\n\r\nwhat'),
      'the proxy answered 407 to CONNECT',
    ],
    ['is broken', answering('HTTP/1.1 502 Bad Gateway\r\n\r\n'), 'the proxy answered 502 to CONNECT'],
    ['hangs up at once', (socket) => socket.destroy(), 'the proxy gave no connection: '],
    ['resets at once', (socket) => socket.resetAndDestroy(), 'the proxy gave no connection: '],
    ['hangs up on CONNECT', answering(''), 'the proxy gave no connection: the connection was closed'],
    ['hangs up in its answer', answering('HTTP/1.1 200 O'), 'the proxy gave no connection: '],
    [
      'is no proxy',
      answering('220 mail.example ESMTP\r\n'),
      'the proxy gave no connection: the answer is not HTTP',
    ],
  ];

  it.each(refused)('tries a write again where the proxy %s', async (_, broken, why) => {
    const { port, connections } = await listen(net.createServer(broken));
    const { send, waits, seen } = await behind(port);

    const error = await failure(send(write));

    expect(error.kind).toBe('unreachable');
    expect(error.message).toContain(`got no answer (${why}`);
    expect(waits).toHaveLength(3);
    // Four, not a storm of them.
    expect(connections).toHaveLength(4);
    expect(seen).toEqual([]);
    expect(began).toEqual([]);
    for (const secret of [password, user, token, Buffer.from(`${user}:${password}`).toString('base64')])
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain(secret);
  });

  it('tries a write again where no proxy is', async () => {
    const { send, waits } = await behind(await nobody());

    expect((await failure(send(write))).message).toBe(
      'POST /things got no answer (the proxy gave no connection: ECONNREFUSED).',
    );
    expect(waits).toHaveLength(3);
    expect(began).toEqual([]);
  });

  it('ends at the deadline where a proxy does not answer, and lets go of it', async () => {
    const silent = net.createServer((socket) => socket.resume());
    const { port, connections } = await listen(silent);
    const { send } = await behind(port, { left: soon });

    const error = await overtaken(once(silent, 'connection'), () => failure(send(write)));

    expect(error.kind).toBe('unreachable');
    expect(began).toEqual([]);
    send.close();
    await Promise.all(connections.map((socket) => socket.destroyed || once(socket, 'close')));
  });

  it('ends at the deadline where nothing comes through a tunnel, and lets go of it', async () => {
    const silent = net.createServer(
      afterHead((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.once('data', () => silent.emit('inside'));
      }),
    );
    const { port, connections } = await listen(silent);
    const { send } = await behind(port, { left: soon });

    const error = await overtaken(once(silent, 'inside'), () => failure(send(write)));

    // Without TLS the request has gone into the tunnel; with it the handshake was not done.
    expect(error.kind).toBe(scheme === 'http' ? 'unknown-outcome' : 'unreachable');
    expect(began).toHaveLength(scheme === 'http' ? 1 : 0);
    send.close();
    await Promise.all(connections.map((socket) => socket.destroyed || once(socket, 'close')));
  });

  it('leaves a write unknown that had gone into a tunnel when it broke', async () => {
    let client: net.Socket | undefined;
    const { port, connections } = await proxy((socket) => {
      client = socket;
    });
    const { send, seen } = await behind(port, { handler: () => client?.destroy() });

    expect((await failure(send(write))).kind).toBe('unknown-outcome');
    expect(connections).toHaveLength(1);
    expect(seen).toHaveLength(1);
  });

  it('leaves a write unknown whose answer broke off in the tunnel', async () => {
    let client: net.Socket | undefined;
    const { port, connections } = await proxy((socket) => {
      client = socket;
    });
    const { send } = await behind(port, {
      handler: (_, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('{', () => client?.destroy());
      },
    });

    expect((await failure(send(write))).kind).toBe('unknown-outcome');
    expect(connections).toHaveLength(1);
  });

  it('is sure of a write only as far as it is, where the proxy hangs up behind its 200', async () => {
    const { port, connections } = await listen(net.createServer(answering('HTTP/1.1 200 OK\r\n\r\n')));
    const { send, seen } = await behind(port);

    const error = await failure(send(write));

    // Without TLS the request may have been on its way; with it the handshake was not done.
    expect(error.kind).toBe(scheme === 'http' ? 'unknown-outcome' : 'unreachable');
    expect(connections).toHaveLength(scheme === 'http' ? 1 : 4);
    expect(began).toHaveLength(scheme === 'http' ? 1 : 0);
    expect(seen).toEqual([]);
  });
});

describe('a proxy that is itself spoken to by TLS', () => {
  it.each([
    ['is, with the authority that was given', authority, 1],
    ['is not, without', '', 0],
  ])('%s', async (_, ca, tunnels) => {
    const { url } = await secure(ofThisMachine);
    const { port, requests } = await proxy(undefined, https.createServer(ofThisMachine));
    const { send } = sender(url, { ca, proxy: { httpsProxy: `https://localhost:${port}` } });

    const outcome = await send(read).then(
      ({ status }) => status,
      ({ message }: Error) => message,
    );

    expect(outcome).toEqual(
      tunnels === 1
        ? 200
        : 'GET /things got no answer (the proxy gave no connection: UNABLE_TO_VERIFY_LEAF_SIGNATURE).',
    );
    expect(requests).toHaveLength(tunnels);
  });
});

describe('the address of a proxy', () => {
  it.each([
    'socks5://somebody:proxy-pass-word@127.0.0.1:1',
    'http://somebody:proxy-pass-word@127.0.0.1:none',
    'http://somebody:proxy-pass-word%@127.0.0.1:1',
    'somebody:proxy-pass-word@',
  ])('that cannot be used is told without being shown: %s', async (address) => {
    const { send, waits } = sender('http://127.0.0.1:1', { proxy: { httpProxy: address } });

    const error = await failure(send(read));

    expect(error.kind).toBe('unreachable');
    expect(error.message).toContain('The address of a proxy in http_proxy or https_proxy cannot be used');
    expect(error.remedy).toContain('http://host:port');
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('proxy-pass-word');
    expect(waits).toEqual([]);
    send.close();
  });
});

describe('what was not an answer', () => {
  it('is told by the call in words as before', async () => {
    const { port } = await listen(net.createServer(afterHead((socket) => socket.destroy())));
    const { send } = sender(`http://127.0.0.1:${port}`);

    await expect(call(send, write, z.unknown())).rejects.toThrow(
      'POST /things was sent, but its answer never came (the connection was closed): whether it happened is unknown.',
    );
  });
});
