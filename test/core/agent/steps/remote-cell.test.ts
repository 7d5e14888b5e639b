import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cell } from '../../../../core/agent/cell/cell.ts';
import type { SiteFor } from '../../../../core/agent/site.ts';
import { type Hello, helloIn, longestLine, type Order } from '../../../../core/agent/steps/frames.ts';
import { remoteCell } from '../../../../core/agent/steps/remote-cell.ts';
import { isolationOf, remoteSite } from '../../../../core/agent/steps/remote-site.ts';
import { makeSharedFolder } from '../../../../core/agent/steps/shared-folder.ts';

// The step of the agent may be bent: what it says is bounded, and ends at most its own round.

const hello: Hello = {
  kind: 'hello',
  uid: 1000,
  namespaces: { pid: 'pid:[1]', mnt: 'mnt:[1]' },
  folders: {
    workspace: '/tmp/x/workspace',
    home: '/tmp/x/home',
    bin: '/tmp/x/bin',
    door: '/tmp/x/door',
    temporary: '/tmp/x/temporary',
  },
  environment: { PATH: '/opt/bin:/usr/bin', JAVA_HOME: '/opt/java', CI_COMMIT_SHA: 'a', PLUGIN_X: 'b' },
};
const program = { command: 'tool', args: ['-x'], environment: { OWN: '1' } };
const limits = { timeoutMs: 30_000, mostBytes: 1000 };

let folder: string;
let server: net.Server;
let step: net.Socket;
let cell: Cell;
let orders: Order[];
/** The orders that come, one after the other. */
let next: () => Promise<Order>;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgecrew-remote-'));
  const socket = path.join(folder, 's');
  const accepted = new Promise<net.Socket>((done) => {
    server = net.createServer(done).listen(socket);
  });
  step = net.connect(socket);
  step.on('error', () => undefined);
  cell = remoteCell(
    { socket: await accepted, hello, rest: Buffer.alloc(0) },
    {
      isolation: 'container',
      door: { folder, mode: 0o666, admit: () => undefined },
    },
  );
  orders = [];
  const waiting: ((order: Order) => void)[] = [];
  let left = '';
  step.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${left}${text}`.split('\n');
    left = lines.pop() ?? '';
    for (const line of lines) {
      const order = JSON.parse(line) as Order;
      const listener = waiting.shift();
      if (listener === undefined) orders.push(order);
      else listener(order);
    }
  });
  next = async () => orders.shift() ?? new Promise((done) => waiting.push(done));
});
afterEach(() => {
  step.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const say = (...frames: object[]): void => {
  step.write(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(''));
};
const output = (id: number, text: string, stream = 'stdout'): object => ({
  kind: 'output',
  id,
  stream,
  bytes: Buffer.from(text).toString('base64'),
});

describe('a cell in another step', () => {
  it('starts a program with the environment of its image, without what CI says of the pipeline', async () => {
    const ended = cell.run({ ...program, input: 'told' }, limits);

    const start = await next();
    expect(start).toMatchObject({
      kind: 'start',
      command: 'tool',
      args: ['-x'],
      folder: '/tmp/x/workspace',
      environment: {
        PATH: expect.stringMatching(/^\/tmp\/x\/bin:\/opt\/bin:\/usr\/bin/),
        JAVA_HOME: '/opt/java',
        OWN: '1',
        HOME: '/tmp/x/home',
      },
    });
    expect(Object.keys((start as { environment: object }).environment)).not.toContain('CI_COMMIT_SHA');
    expect(Object.keys((start as { environment: object }).environment)).not.toContain('PLUGIN_X');
    expect([await next(), await next()]).toEqual([
      { kind: 'input', id: 1, bytes: Buffer.from('told').toString('base64') },
      { kind: 'input', id: 1, bytes: null },
    ]);
    say(
      output(1, 'out'),
      output(1, 'err', 'stderr'),
      { kind: 'exit', id: 1, code: 3, signal: null },
      { kind: 'closed', id: 1 },
    );
    expect(await ended).toMatchObject({ code: 3, signal: null, stderr: 'err', stdout: Buffer.from('out') });
  });

  it('ends a program that says more than it may, and listens to no more of it', async () => {
    const ended = cell.run(program, limits);
    await next();

    say(output(1, 'x'.repeat(600)), output(1, 'x'.repeat(600)));

    expect(await next()).toEqual({ kind: 'kill', id: 1 });
    say(output(1, 'x'), { kind: 'exit', id: 1, code: 0, signal: null });
    expect(await ended).toMatchObject({ overran: 'size', code: null, signal: 'SIGKILL' });
  });

  it('ends a program that takes too long, whether the step hears it or not', async () => {
    expect(await cell.run(program, { ...limits, timeoutMs: 50 })).toMatchObject({
      overran: 'time',
      code: null,
    });
  });

  it.each([
    ['what is no JSON', 'hello\n'],
    ['another frame', '{"kind":"write","path":"/etc/passwd"}\n'],
    ['an exit code that is none', '{"kind":"exit","id":1,"code":"0","signal":null}\n'],
    [
      'a signal with something behind it',
      '{"kind":"exit","id":1,"code":null,"signal":"SIGKILL: see below"}\n',
    ],
    ['a line without an end', 'x'.repeat(longestLine + 10)],
    ['brackets to the bottom', `${'['.repeat(200_000)}\n`],
  ])('a step that says %s is over, and so are its programs', async (_, text) => {
    const ended = cell.run(program, limits);
    await next();

    step.write(text);

    expect(await ended).toMatchObject({ code: null, signal: 'the end of its step' });
    expect(await cell.run(program, limits)).toMatchObject({ code: null });
    expect(await cell.endAll(10)).toEqual({ terminated: 0, killed: 0 });
  });

  it('what is said of programs that were never started is nothing', async () => {
    const ended = cell.run(program, limits);
    await next();

    say(
      output(99, 'x'),
      { kind: 'exit', id: 99, code: 0, signal: null },
      { kind: 'closed', id: 99 },
      { kind: 'ended', terminated: 1, killed: 1 },
    );
    say(
      { kind: 'exit', id: 1, code: 0, signal: null },
      { kind: 'exit', id: 1, code: 9, signal: null },
      { kind: 'closed', id: 1 },
      output(1, 'late'),
    );

    expect(await ended).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
  });

  it('does not pile up what nobody reads', async () => {
    const started = cell.start(program);
    await next();
    let written = 0;
    const piece = JSON.stringify(output(1, 'x'.repeat(48 * 1024)));
    const until = performance.now() + 1500;
    while (performance.now() < until && written < 64 * 1024 * 1024) {
      if (step.write(`${piece}\n`)) written += piece.length;
      else
        await Promise.race([
          new Promise((done) => step.once('drain', done)),
          new Promise((done) => setTimeout(done, 100)),
        ]);
    }

    expect(started.stdout.readableLength).toBeLessThan(1024 * 1024);
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });
});

describe('what a step says of itself', () => {
  const line = (over: object): string => JSON.stringify({ ...hello, ...over });

  it.each([
    ['a folder with a quote in it', { folders: { ...hello.folders, bin: '/tmp/x"y' } }],
    ['a folder with a blank in it', { folders: { ...hello.folders, bin: '/tmp/x y' } }],
    ['a folder that is relative', { folders: { ...hello.folders, home: 'home' } }],
    ['a folder that is long', { folders: { ...hello.folders, home: `/${'x'.repeat(300)}` } }],
    ['no folders', { folders: undefined }],
    ['an environment of other things', { environment: { A: { B: 1 } } }],
    ['nothing', {}],
  ])('is taken for none with %s, and else as it is', (what, over) => {
    expect(helloIn(line(over)) === undefined).toBe(what !== 'nothing');
  });

  const own = { uid: 0, namespaces: { pid: 'pid:[9]', mnt: 'mnt:[9]' } };
  it.each([
    ['container', { uid: 0, namespaces: { pid: 'pid:[1]', mnt: 'mnt:[1]' } }],
    ['user', { uid: 1000, namespaces: { pid: 'pid:[9]', mnt: 'mnt:[1]' } }],
    ['user', { uid: 1000, namespaces: { pid: 'pid:[1]', mnt: 'mnt:[9]' } }],
    ['user', { uid: 1000, namespaces: own.namespaces }],
    ['user', { uid: 1000, namespaces: { pid: '', mnt: '' } }],
    ['none', { uid: 0, namespaces: own.namespaces }],
    ['none', { uid: 0, namespaces: { pid: '', mnt: 'mnt:[1]' } }],
  ])('is isolated by %s', (isolation, step) => {
    expect(isolationOf(step, own)).toBe(isolation);
  });

  it('is isolated by nothing where it runs as the step that serves', () => {
    expect(isolationOf({ uid: 5, namespaces: own.namespaces }, { ...own, uid: 5 })).toBe('none');
  });
});

describe('waiting for the step of the agent', () => {
  const given = {
    run: { isolation: 'none', network: 'open' },
    secrets: [],
    atEnd: () => undefined,
    say: () => undefined,
  } as unknown as SiteFor;
  const site = (patienceMs: number): Promise<unknown> =>
    remoteSite({ workspace: folder, folder: 'shared', allowsNone: true, patienceMs })(given);

  it('ends after a while', async () => {
    makeSharedFolder(path.join(folder, 'shared'));

    await expect(site(50)).rejects.toThrow('The step of the agent did not come');
  });

  it('ends at once where something stands in the place of its socket', async () => {
    makeSharedFolder(path.join(folder, 'shared'));
    writeFileSync(path.join(folder, 'shared/door/cell.sock'), '');

    await expect(site(60_000)).rejects.toThrow('No socket can be made');
  });

  it('hears whoever says what a step says, whoever came before and said something else', async () => {
    makeSharedFolder(path.join(folder, 'shared'));
    const opened = site(20_000) as Promise<{ isolation: string; close(): Promise<void> }>;
    const socket = path.join(folder, 'shared/door/cell.sock');
    const connections: net.Socket[] = [];
    const connect = async (text: string): Promise<void> => {
      const own = net.connect(socket);
      own.on('error', () => undefined);
      connections.push(own);
      await new Promise((done) => own.once('connect', done));
      own.write(text);
    };
    for (const text of ['{"kind":"hello"}\n', 'x'.repeat(longestLine + 10), 'GET / HTTP/1.1\n\n'])
      await connect(text);
    await connect(`${JSON.stringify(hello)}\n`);

    const { isolation, close } = await opened;

    expect(isolation).toBe('container');
    await close();
    for (const own of connections) own.destroy();
  });
});
