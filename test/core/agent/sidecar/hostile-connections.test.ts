import net from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../../thorough.ts';
import { type Client, connect } from './client.ts';
import { runForge, writeCommand } from './forge-command.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig | undefined;
let strangers: net.Socket[] = [];
afterEach(async () => {
  for (const socket of strangers) socket.destroy();
  strangers = [];
  await rig?.close();
  rig = undefined;
});

/** A connection that does nothing by itself. */
function silent(path: string): net.Socket {
  const socket = net.connect(path);
  socket.on('error', () => undefined);
  strangers.push(socket);
  return socket;
}

/** Whatever somebody else does, this is answered. */
async function expectServed(client: Client): Promise<void> {
  expect((await client.call('read_issue', { number: 5 })).outcome).toBe('done');
}

const ping = (id: number): string => `{"jsonrpc":"2.0","id":${id},"method":"ping"}\n`;

describe('beside a good client', () => {
  it('1,000 connections that say nothing do not keep it, nor one that comes later, from being served', async () => {
    rig = await openRig();
    const good = await rig.connect();
    await expectServed(good);

    const { socket: path } = rig.sidecar;
    const opened = Array.from({ length: 1000 }, () => silent(path));
    const later = runForge(writeCommand(rig.door, path), ['read-issue']);

    await expectServed(good);
    expect((await later).code).toBe(0);
    await Promise.all(
      opened.map((socket) =>
        socket.connecting
          ? new Promise((done) => socket.once('close', done).once('connect', done))
          : undefined,
      ),
    );
    await expectServed(good);
    rig.sidecar.log.settle();
    // Told, and in few lines.
    expect(rig.said.length).toBeLessThan(250);
    expect(rig.said).toContain('  agent: connection: refused: more connections than are served');
  });

  it('1,000 connections that send rubbish do not', async () => {
    rig = await openRig();
    const good = await rig.connect();
    await expectServed(good);

    const { socket: path } = rig.sidecar;
    for (let nth = 0; nth < 1000; nth += 1) silent(path).write('rubbish\n'.repeat(20));

    for (let nth = 0; nth < 5; nth += 1) await expectServed(good);
  });

  it('connections that flood with requests take turns with it', async () => {
    rig = await openRig({ limits: { atOnce: 1 } });
    const good = await rig.connect();
    const flood = Array.from({ length: 2000 }, (_, id) => ping(id)).join('');
    let answered = 0;
    for (let nth = 0; nth < 10; nth += 1) {
      const socket = silent(rig.sidecar.socket);
      socket.on('data', (chunk) => {
        answered += chunk.toString().split('\n').length - 1;
      });
      socket.write(flood);
    }

    await expectServed(good);
    await expectServed(good);

    expect(answered).toBeLessThan(10 * 2000);
  });

  it('one that takes no answers is not answered without end, and is ended', async () => {
    rig = await openRig({ limits: { answerMs: 50 } });
    rig.forge.issues.set(6, {
      number: 6,
      title: 'x',
      body: 'y'.repeat(50_000),
      state: 'open',
      user: 'owner',
    });
    let reads = 0;
    const { readIssue } = rig.forge;
    rig.forge.readIssue = (number) => {
      if (number === 6) reads += 1;
      return readIssue(number);
    };
    const good = await rig.connect();
    const socket = silent(rig.sidecar.socket);
    const closed = new Promise((done) => socket.once('close', done));
    const line = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'read_issue', arguments: { number: 6 } },
    });
    socket.pause();

    socket.write(`${line}\n`.repeat(1000));
    await expectServed(good);
    await new Promise<void>((done) => {
      const { sidecar } = rig as Rig;
      const look = (): void => {
        if (sidecar.log.entries.some(({ why }) => why === 'an answer that nobody takes')) done();
        else setImmediate(look);
      };
      look();
    });
    socket.resume();
    await closed;

    await expectServed(good);
    expect(reads).toBeLessThan(100);
  });

  it('one that sends a byte at a time has so long for a line and no longer', async () => {
    rig = await openRig({ limits: { lineMs: 60 } });
    const good = await rig.connect();
    const socket = silent(rig.sidecar.socket);
    const closed = new Promise((done) => socket.once('close', done));
    const drip = setInterval(() => socket.write('x'), 2);

    await expectServed(good);
    await closed;
    clearInterval(drip);

    await expectServed(good);
    expect(rig.sidecar.log.entries).toContainEqual(
      expect.objectContaining({ tool: 'connection', allowed: false, why: 'a line that does not end' }),
    );
  });

  it('one that never says anything is ended, and one that was left open', async () => {
    rig = await openRig({ limits: { firstLineMs: 40, idleMs: 60 } });
    const good = await rig.connect();
    await expectServed(good);
    const socket = silent(rig.sidecar.socket);

    await new Promise((done) => socket.once('close', done));
    await good.closed;

    expect(
      rig.sidecar.log.entries
        .filter(({ tool }) => tool === 'connection')
        .map(({ why }) => why)
        .sort(),
    ).toEqual(['a connection that says nothing', 'a connection that was left open']);
  });

  it('a line of more than the limit ends its connection, and takes no more memory', async () => {
    rig = await openRig();
    const good = await rig.connect();
    const socket = silent(rig.sidecar.socket);
    const closed = new Promise((done) => socket.once('close', done));
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const pour = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', pour);

    pour();
    await closed;

    await expectServed(good);
    expect(rig.sidecar.log.entries).toContainEqual(
      expect.objectContaining({ why: 'a line of more than 1048576 bytes' }),
    );
  });

  it('lines that are no requests are answered with what is wrong, and end their connection when there are many', async () => {
    rig = await openRig({ limits: { malformed: 8 } });
    const good = await rig.connect();
    const bad = await rig.connect();
    const lines = [
      'rubbish',
      '[]',
      '"text"',
      `${'['.repeat(100_000)}`,
      '{"jsonrpc":"1.0","id":1,"method":"ping"}',
      '{"jsonrpc":"2.0","id":{},"method":"ping"}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}',
    ];

    bad.say(lines.map((line) => `${line}\n`).join(''));
    const codes: number[] = [];
    for (const _ of lines) codes.push(JSON.parse(await bad.line()).error.code);
    await bad.closed;

    expect(codes).toEqual([-32700, -32600, -32600, -32600, -32600, -32600, -32602, -32602]);
    await expectServed(good);
  });

  it('random bytes do not keep it from being served', async () => {
    rig = await openRig({ limits: { malformed: 1_000_000, refusedListed: 3 } });
    const good = await rig.connect();
    const { socket: path } = rig.sidecar;
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(`${text}\n`)),
      fc
        .record({
          jsonrpc: fc.constant('2.0'),
          id: fc.anything(),
          method: fc.constantFrom('ping', 'tools/call', 'initialize', 'tools/list'),
          params: fc.anything(),
        })
        .map((message) => {
          try {
            return Buffer.from(`${JSON.stringify(message)}\n`);
          } catch {
            return Buffer.from('\n');
          }
        }),
    );

    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        const client = await connect(path);
        for (const bytes of pieces) client.say(bytes);
        client.say('\n');
        client.socket.end();
        await expectServed(good);
        client.socket.resume();
        await client.closed;
      }),
      { numRuns: fuzzRuns(0.5) },
    );

    expect(rig.forge.written).toEqual([]);
    await expectServed(good);
  });
});

describe('lines', () => {
  it('are the same however they are cut', async () => {
    rig = await openRig();
    const client = await rig.connect();
    const bytes = Buffer.from(`\n\r\n${ping(1)}\n\n${ping(2)}${ping(3)}`);

    for (const byte of bytes) client.say(Uint8Array.of(byte));

    const ids = [await client.line(), await client.line(), await client.line()].map(
      (line) => JSON.parse(line).id,
    );
    expect(ids).toEqual([1, 2, 3]);
  });

  it('that come before their sender has said its last are answered', async () => {
    rig = await openRig();
    const client = await rig.connect();

    client.socket.end(`${ping(1)}${ping(2)}`);

    expect(JSON.parse(await client.line()).id).toBe(1);
    expect(JSON.parse(await client.line()).id).toBe(2);
    await client.closed;
  });

  it('wait their turn where more come than are allowed in a second', async () => {
    rig = await openRig({ limits: { linesPerSecond: 400 } });
    const client = await rig.connect();
    const from = performance.now();

    client.say(Array.from({ length: 440 }, (_, id) => ping(id)).join(''));
    for (let nth = 0; nth < 440; nth += 1) await client.line();

    // The first 400 at once, and the others as the second goes by; none is lost.
    expect(performance.now() - from).toBeGreaterThan(90);
  });
});
