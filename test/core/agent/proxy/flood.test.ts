import { once } from 'node:events';
import net from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../../thorough.ts';
import { type Around, answered, around, later, message, question } from './scripted.ts';

/** A bare connection to the proxy, and what came of it. */
function connect({ proxy }: Around): { socket: net.Socket; got: () => string; closed: Promise<unknown> } {
  const socket = net.connect(Number(new URL(proxy.address).port), '127.0.0.1');
  let got = '';
  socket.on('data', (part) => {
    got += String(part);
  });
  socket.on('error', () => undefined);
  later(() => void socket.destroy());
  return { socket, got: () => got, closed: new Promise((done) => socket.once('close', done)) };
}

async function works(one: Around): Promise<void> {
  expect((await one.ask()).status).toBe(200);
}

const head = (placeholder: string, more = ''): string =>
  `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${placeholder}\r\ncontent-type: application/json\r\n${more}\r\n`;

describe('a client that means no good', () => {
  it('opens a thousand connections and says nothing: others are answered once the time for headers is over', async () => {
    const one = await around(answered(message), { limits: { headersMs: 300, connections: 100 } });

    const all = Array.from({ length: 1000 }, () => connect(one));
    await Promise.all(all.map(({ closed }) => closed));

    await works(one);
    expect(one.seen).toHaveLength(1);
  });

  it('opens a thousand connections, and others are answered all the while', async () => {
    const one = await around(answered(message), { limits: { connections: 1200 } });
    const all = Array.from({ length: 1000 }, () => connect(one));
    await Promise.all(all.map(({ socket }) => once(socket, 'connect')));

    await works(one);
  });

  it('sends a body drop by drop until its time is over', async () => {
    const one = await around(answered(message), { limits: { headersMs: 100, bodyMs: 300 } });
    const { socket, got, closed } = connect(one);
    socket.write(head(one.proxy.placeholder, 'content-length: 1000\r\n'));
    const timer = setInterval(() => socket.write('{'), 20);
    later(() => clearInterval(timer));

    await closed;

    expect(got()).not.toContain(' 200 ');
    expect(one.seen).toEqual([]);
    await works(one);
  });

  it.each([
    ['says that its body is too large', 'content-length: 999999999\r\n', ''],
    [
      'sends a body that is too large in pieces',
      'transfer-encoding: chunked\r\n',
      `5000\r\n${'a'.repeat(0x5000)}\r\n`,
    ],
  ])('%s', async (_, more, body) => {
    const one = await around(answered(message), { limits: { bodyBytes: 10_000 } });
    const { socket, got, closed } = connect(one);

    socket.write(head(one.proxy.placeholder, more) + body);
    await closed;

    expect(got()).toMatch(/^HTTP\/1\.1 413 /);
    expect(got()).toContain('request_too_large');
    expect(one.seen).toEqual([]);
    await works(one);
  });

  it('sends many large bodies at once, of which the sum is bounded', async () => {
    const one = await around(answered(message), { limits: { heldBytes: 100_000 } });
    const body = { ...question, system: 'x'.repeat(60_000) };
    const slow = Array.from({ length: 3 }, () => connect(one));
    for (const { socket } of slow)
      socket.write(`${head(one.proxy.placeholder, 'content-length: 90000\r\n')}${'a'.repeat(30_000)}`);
    await expect.poll(async () => (await one.ask({ body })).status).toBe(413);

    for (const { socket } of slow) socket.destroy();

    await expect.poll(async () => (await one.ask({ body })).status).toBe(200);
  });

  it('goes away in the middle of a body, again and again, and leaves nothing behind', async () => {
    const one = await around(answered(message), { limits: { heldBytes: 100_000 } });
    for (let nth = 0; nth < 20; nth += 1) {
      const { socket, closed } = connect(one);
      socket.write(`${head(one.proxy.placeholder, 'content-length: 90000\r\n')}${'a'.repeat(30_000)}`);
      await new Promise((done) => setTimeout(done, 5));
      socket.destroy();
      await closed;
    }

    await expect
      .poll(async () => (await one.ask({ body: { ...question, system: 'x'.repeat(90_000) } })).status)
      .toBe(200);
  });

  it('asks more at once than may wait', async () => {
    const held: (() => void)[] = [];
    let isOpen = false;
    const one = await around(
      (seen, response, request) => {
        const go = (): void => answered(message)(seen, response, request);
        if (isOpen) go();
        else held.push(go);
      },
      { limits: { atOnce: 2, waiting: 3 } },
    );
    const statuses: number[] = [];

    const all = Array.from({ length: 20 }, () => one.ask().then(({ status }) => statuses.push(status)));
    await expect.poll(() => statuses.length, { timeout: 60_000 }).toBe(15);

    expect(new Set(statuses)).toEqual(new Set([429]));
    isOpen = true;
    for (const go of held) go();
    await Promise.all(all);
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    await works(one);
  });

  it('reads its answer slowly, and is not waited for in memory', async () => {
    let sent = 0;
    const piece = `data: ${'a'.repeat(60_000)}\n\n`;
    const one = await around((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = (): void => {
        while (sent < 60_000_000 && !response.destroyed) {
          sent += piece.length;
          if (!response.write(piece)) return void response.once('drain', more);
        }
      };
      more();
    });
    const { socket } = connect(one);
    const body = JSON.stringify({ ...question, stream: true });
    socket.write(`${head(one.proxy.placeholder, `content-length: ${body.length}\r\n`)}${body}`);
    await once(socket, 'data');
    socket.pause();

    await new Promise((done) => setTimeout(done, 500));

    // What the sockets between hold, and no more.
    expect(sent).toBeLessThan(30_000_000);
    await works({ ...one, ask: () => one.ask({ method: 'GET', path: '/v1/models' }) });
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000'.repeat(20)],
    [
      'two lengths',
      'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na',
    ],
    [
      'a length and pieces',
      'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\na',
    ],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n'],
    ['endless headers', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(20_000)}`],
    ['one endless header', `GET / HTTP/1.1\r\na: ${'b'.repeat(200_000)}`],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['another protocol', 'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'],
  ])('speaks %s', async (_, bytes) => {
    const one = await around(answered(message), { limits: { headersMs: 300 } });
    const { socket, got, closed } = connect(one);

    socket.end(bytes);
    await closed;

    expect(got()).not.toMatch(/ 200 /);
    expect(one.seen).toEqual([]);
    await works(one);
  });

  it('sends two requests in one, of which the second is seen too', async () => {
    const one = await around(answered(message));
    const { socket, got, closed } = connect(one);
    const body = JSON.stringify(question);

    socket.write(
      `${head(one.proxy.placeholder, `content-length: ${body.length}\r\n`)}${body}GET /v1/files HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    );
    await closed;

    expect(got().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403']);
    expect(one.seen).toHaveLength(1);
  });

  it('sends random bytes', async () => {
    const one = await around(answered(message), { limits: { headersMs: 200 } });

    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.boolean(), async (bytes, isBody) => {
        const { socket, closed } = connect(one);
        if (isBody)
          socket.write(
            head(one.proxy.placeholder, `content-length: ${bytes.length}\r\nconnection: close\r\n`),
          );
        socket.end(bytes);
        await closed;
      }),
      { numRuns: fuzzRuns(0.3) },
    );

    expect(one.seen).toEqual([]);
    await works(one);
  });
});

describe('closing', () => {
  it('ends what is under way, here and at the provider', async () => {
    const closed: Promise<unknown>[] = [];
    const one = await around((_, response) => void closed.push(once(response, 'close')));
    const connection = connect(one);
    const body = JSON.stringify(question);
    connection.socket.write(`${head(one.proxy.placeholder, `content-length: ${body.length}\r\n`)}${body}`);
    await expect.poll(() => closed.length).toBe(1);

    await one.proxy.close();

    await connection.closed;
    await Promise.all(closed);
    await expect.poll(() => one.proxy.use()).toMatchObject({ calls: 1, uncounted: 1 });
  });
});
