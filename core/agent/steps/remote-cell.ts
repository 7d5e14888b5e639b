import type net from 'node:net';
import { PassThrough } from 'node:stream';
import type { Cell, Door, EndCount, Ending, Isolation, Program, Started } from '../cell/cell.ts';
import { environmentOf, pathOf } from '../cell/environment.ts';
import { finishProgram } from '../cell/programs.ts';
import { createLineBuffer } from '../sidecar/line-buffer.ts';
import { type Frame, frameIn, type Hello, longestLine, type Order } from './frames.ts';

/** What a program that is over because its step is over ended with. */
const withStep: Ending = { code: null, signal: 'the end of its step' };

/** How much longer than it was given the other side may take to say that its programs are over. */
const patienceMs = 5000;

/** Of what programs read, this much goes into one line. */
const inputBytes = 48 * 1024;

interface Running {
  stdout: PassThrough;
  stderr: PassThrough;
  end(ending: Ending): void;
}

/** The lines that were read behind the first one belong to `rest`. */
export interface StepConnection {
  socket: net.Socket;
  hello: Hello;
  rest: Buffer;
}

/**
 * A cell in the container of another step: its programs are started there, and what they print comes through the connection. All
 * of that may be the agent's doing, as with the pipes of any other cell; no file of it is opened here.
 */
export function remoteCell(
  { socket, hello, rest }: StepConnection,
  { isolation, door }: { isolation: Isolation; door: Door },
): Cell {
  const inside = hello.folders;
  const running = new Map<number, Running>();
  const ends: ((count: EndCount) => void)[] = [];
  const lines = createLineBuffer(longestLine);
  let isGone = false;
  let last = 0;

  const tell = (order: Order): boolean => isGone || socket.write(`${JSON.stringify(order)}\n`);
  /** Ends what the other side said it runs, whatever becomes of it there. */
  const leave = (): void => {
    isGone = true;
    for (const program of running.values()) {
      program.end(withStep);
      program.stdout.end();
      program.stderr.end();
    }
    running.clear();
    for (const done of ends.splice(0)) done({ terminated: 0, killed: 0 });
  };
  const take = (frame: Frame): void => {
    if (frame.kind === 'ended') {
      const { terminated, killed } = frame;
      ends.shift()?.({ terminated, killed });
      return;
    }
    const program = running.get(frame.id);
    if (program === undefined) return;
    switch (frame.kind) {
      case 'output': {
        const stream = program[frame.stream];
        if (stream.destroyed || stream.write(Buffer.from(frame.bytes, 'base64'))) return;
        // What nobody reads is not piled up.
        socket.pause();
        const again = (): void => {
          socket.resume();
          pump();
        };
        stream.once('drain', again);
        stream.once('close', again);
        return;
      }
      case 'exit':
        program.end({ code: frame.code, signal: frame.signal });
        return;
      case 'closed':
        program.end(withStep);
        program.stdout.end();
        program.stderr.end();
        running.delete(frame.id);
    }
  };
  function pump(): void {
    while (!socket.isPaused() && lines.hasLine()) {
      const frame = frameIn(lines.take() ?? '');
      if (frame === undefined) {
        socket.destroy();
        return;
      }
      take(frame);
    }
  }
  const add = (chunk: Uint8Array): void => {
    if (!lines.add(chunk)) socket.destroy();
    else pump();
  };
  socket.on('error', () => socket.destroy());
  socket.on('close', leave);
  socket.on('data', add);
  socket.resume();
  if (rest.length > 0) add(rest);

  const base = environmentOf(
    inside,
    inside.temporary,
    pathOf(inside.bin, hello.environment.PATH, () => true),
  );
  const start = (program: Program): { id: number; started: Started } => {
    const { command, args, environment, folder = inside.workspace, input } = program;
    last += 1;
    const id = last;
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    let end: Running['end'] = () => undefined;
    const ended = new Promise<Ending>((done) => {
      end = done;
    });
    const started = { pid: 0, stdout, stderr, ended };
    if (isGone) {
      end(withStep);
      stdout.end();
      stderr.end();
      return { id, started };
    }
    running.set(id, { stdout, stderr, end });
    tell({
      kind: 'start',
      id,
      command,
      args,
      // Of its image, and ours over it.
      environment: { ...imageEnvironment(hello.environment), ...base, ...environment },
      folder,
      hasInput: input !== undefined,
    });
    if (input !== undefined) void feed(id, Buffer.from(input));
    return { id, started };
  };
  async function feed(id: number, input: Buffer): Promise<void> {
    for (let at = 0; at < input.length && !isGone; at += inputBytes)
      if (!tell({ kind: 'input', id, bytes: input.subarray(at, at + inputBytes).toString('base64') }))
        await new Promise<void>((done) => {
          socket.once('drain', done);
          socket.once('close', () => done());
        });
    tell({ kind: 'input', id, bytes: null });
  }
  const endAll = (graceMs: number): Promise<EndCount> => {
    if (isGone) return Promise.resolve({ terminated: 0, killed: 0 });
    return new Promise((done) => {
      // One that was bent says nothing, and is not waited for: its container ends with its step.
      const patience = setTimeout(() => done({ terminated: 0, killed: 0 }), graceMs + patienceMs);
      ends.push((count) => {
        clearTimeout(patience);
        done(count);
      });
      tell({ kind: 'end-all', graceMs });
    });
  };
  return {
    isolation,
    network: 'open',
    hasOurLoopback: false,
    inside,
    door,
    place: (name, text, mode) => void tell({ kind: 'place', name, text, mode }),
    start: (program) => start(program).started,
    run(program, limits) {
      const { id, started } = start(program);
      return finishProgram(
        started,
        async () => {
          tell({ kind: 'kill', id });
          // Whether it heard that or not: what it says from here on is not listened to.
          const found = running.get(id);
          running.delete(id);
          found?.end({ code: null, signal: 'SIGKILL' });
          found?.stdout.end();
          found?.stderr.end();
        },
        limits,
      );
    },
    endAll,
    async remove() {
      tell({ kind: 'over' });
      leave();
      // Its step waits until this one is over, and has handed over what came of it. Nothing more is heard of it.
      socket.removeListener('data', add);
      socket.pause();
      socket.unref();
    },
  };
}

/** What the image says, without what CI adds about the pipeline. */
function imageEnvironment(given: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => !/^(?:CI|CI_.*|DRONE|DRONE_.*|PLUGIN_.*)$/.test(name)),
  );
}
