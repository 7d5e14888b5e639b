// What the agent's way to its model costs: the same requests with the proxy between and without it, in turn, in one process.
// Both servers and the client share it, so that a ratio of 1 would be a proxy that does nothing at all.
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openProxy } from '../../core/agent/proxy/proxy.ts';
import { median, type Row } from './measure.ts';

const runs = 30;
const perRun = 20;
const megabytes = 8;

const delta = `event: content_block_delta\ndata: ${JSON.stringify({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: 'some words of an answer ' },
})}\n\n`;
const start = `event: message_start\ndata: ${JSON.stringify({
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: [],
    usage: { input_tokens: 10, output_tokens: 1 },
  },
})}\n\n`;
const end = `event: message_delta\ndata: ${JSON.stringify({ type: 'message_delta', delta: {}, usage: { output_tokens: 9 } })}\n\n`;
/** As much as a network hands on at once. */
const piece = delta.repeat(Math.ceil(16_384 / delta.length));
const message = JSON.stringify({ type: 'message', usage: { input_tokens: 10, output_tokens: 9 } });

function provider(): ReturnType<typeof createServer> {
  return createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += String(part);
    });
    request.on('end', () => {
      if (!body.includes('"stream":true')) {
        response.writeHead(200, { 'content-type': 'application/json' }).end(message);
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(start);
      let left = Math.ceil((megabytes * 1024 * 1024) / piece.length);
      const more = (): void => {
        for (; left > 0; left -= 1)
          if (!response.write(piece)) {
            left -= 1;
            response.once('drain', more);
            return;
          }
        response.end(end);
      };
      more();
    });
  });
}

async function time(port: number, key: string, body: string, times: number): Promise<number> {
  const begin = performance.now();
  for (let nth = 0; nth < times; nth += 1)
    await new Promise<void>((done, fail) => {
      const headers = { 'content-type': 'application/json', 'x-api-key': key };
      ask({ port, host: '127.0.0.1', method: 'POST', path: '/v1/messages', headers }, (response) => {
        if (response.statusCode !== 200)
          fail(new Error(`a measured request was answered ${response.statusCode}`));
        response.on('end', done).on('error', fail).resume();
      })
        .on('error', fail)
        .end(body);
    });
  return performance.now() - begin;
}

export const conditions = `medians of ${runs} runs, taken in turn; provider, proxy and client on loopback in one process.`;

export async function measure(): Promise<Row[]> {
  const server = provider();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const proxy = await openProxy({
    api: 'anthropic',
    upstream: `http://127.0.0.1:${port}`,
    key: 'made-for-the-bench',
    model: 'model',
    listen: { kind: 'loopback' },
    prices: { input: 3, output: 15 },
    maxCost: 1_000_000,
    spent: 0,
    maxOutputTokens: 4096,
    say: () => undefined,
    clock: () => new Date(),
  });
  const through = Number(new URL(proxy.address).port);
  /** As an agent's later requests are: some 100 KB, of which each has a part. */
  const messages = Array.from({ length: 100 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: [{ type: 'text', text: 'some words of a question '.repeat(40) }],
  }));
  const question = { model: 'model', max_tokens: 100, messages };
  const cases = [
    {
      what: 'a request of 100 KB and its answer',
      body: JSON.stringify(question),
      times: perRun,
      unit: perRun,
      most: 6,
    },
    {
      what: 'a megabyte streamed',
      body: JSON.stringify({ ...question, messages: messages.slice(0, 1), stream: true }),
      times: 1,
      unit: megabytes,
      most: 7,
    },
  ];
  const rows: Row[] = [];
  for (const { what, body, times, unit, most } of cases) {
    const [direct, proxied]: [number[], number[]] = [[], []];
    for (let nth = 0; nth < runs; nth += 1) {
      direct.push(await time(port, 'none', body, times));
      proxied.push(await time(through, proxy.placeholder, body, times));
    }
    const ratio = median(proxied) / median(direct);
    process.stderr.write(
      `  ${what}: ${(median(direct) / unit).toFixed(2)} ms, with the proxy ${(median(proxied) / unit).toFixed(2)} ms\n`,
    );
    rows.push({
      what: `${what}, with the proxy between`,
      measured: `${ratio.toFixed(2)} x`,
      limit: `at most ${most} x`,
      holds: ratio <= most,
    });
  }
  await proxy.close();
  server.closeAllConnections();
  server.close();
  return rows;
}
