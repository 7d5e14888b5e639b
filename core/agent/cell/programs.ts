import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { UserError } from '../../errors.ts';
import { plain } from '../../text/log-line.ts';
import type { Ending, Program, RunLimits, RunResult, Started } from './cell.ts';
import { infoDescriptor } from './launch.ts';

/** The first process of a bwrap cell as we see it, and its pid namespace. */
export interface FirstProcess {
  pid: number;
  namespace: string;
}

/** A program that was started, with what ending it needs. */
export interface Running {
  child: ChildProcess;
  started: Started;
  /** Undefined when it never came to be, and outside of bwrap. */
  first: Promise<FirstProcess | undefined>;
  /** It holds the terminal of this process, and has to give that back in order. */
  hasTerminal?: boolean;
}

export interface Start {
  /** What stands before the program; see `launcher`. */
  chain: string[];
  program: Program;
  environment: Record<string, string>;
  /** Where the program starts, as it sees it. */
  folder: string;
  isBwrap: boolean;
}

/**
 * Enters the folder with the rights that the program has. Were it entered by us, a link that the agent put in its place would
 * lead into folders that it cannot pass by itself.
 */
const enter = ['/bin/sh', '-c', 'cd -- "$1" && shift && exec "$@"', 'cell'];

/** Starts a program behind its launcher, in a session of its own. */
export function startProgram({ chain, program, environment, folder, isBwrap }: Start): Running {
  const { command, args, input } = program;
  const [file, ...before] = [...chain, ...enter, folder, command, ...args];
  if (file === undefined) throw new Error('There is nothing to start.');
  const child = spawn(file, before, {
    cwd: '/',
    env: environment,
    shell: false,
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(isBwrap ? ['pipe' as const] : [])],
  });
  // The failure is told below; unheard, it would end this role.
  child.on('error', () => undefined);
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null)
    throw new UserError(
      `${plain(file)} cannot be started.`,
      'Check that this machine has processes and memory left.',
    );
  // It may end before it has read everything; its exit code says how that went.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  const ended = endingOf(child);
  const info = isBwrap ? (child.stdio[infoDescriptor] as Readable) : undefined;
  return {
    child,
    started: { pid, stdout, stderr, ended },
    first: info === undefined ? Promise.resolve(undefined) : firstProcess(info),
  };
}

/** Starts what gives a program a terminal of its own. It stays in our session and group: it reads what the person types. */
export function startOnTerminal(
  command: readonly string[],
  { environment, isBwrap }: Pick<Start, 'environment' | 'isBwrap'>,
): Running {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd: '/',
    env: { ...environment, SHELL: '/bin/sh' },
    shell: false,
    stdio: ['inherit', 'inherit', 'inherit', ...(isBwrap ? ['pipe' as const] : [])],
  });
  child.on('error', () => undefined);
  const { pid } = child;
  if (pid === undefined)
    throw new UserError(`${plain(file)} cannot be started.`, 'Check that this machine has processes left.');
  return {
    child,
    started: { pid, stdout: Readable.from([]), stderr: Readable.from([]), ended: endingOf(child) },
    first: isBwrap ? firstProcess(child.stdio[infoDescriptor] as Readable) : Promise.resolve(undefined),
    hasTerminal: true,
  };
}

function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function firstProcess(info: Readable): Promise<FirstProcess | undefined> {
  return new Promise((resolve) => {
    let text = '';
    info.setEncoding('utf8');
    info.on('data', (chunk: string) => {
      text += chunk;
      // It may stay open: what makes a terminal holds it as well.
      const found = parseFirst(text);
      if (found !== undefined) resolve(found);
    });
    info.on('error', () => resolve(undefined));
    info.on('close', () => resolve(parseFirst(text)));
  });
}

/** What bwrap says about the cell it made. */
function parseFirst(text: string): FirstProcess | undefined {
  const pid = Number(/"child-pid":\s*(\d+)/.exec(text)?.[1]);
  const namespace = /"pid-namespace":\s*(\d+)/.exec(text)?.[1];
  return Number.isInteger(pid) && namespace !== undefined
    ? { pid, namespace: `pid:[${namespace}]` }
    : undefined;
}

/** Kills one program and what is in its group or its namespaces; whoever left both is found by `endAll`. */
export async function killProgram({ child, first }: Running): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  // The first process takes everything in its namespace with it. Its parent, which is bwrap, is killed after it: until then
  // its pid cannot be another's.
  const inside = await first;
  if (child.exitCode === null && child.signalCode === null && inside !== undefined) kill(inside.pid);
  kill(-pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/** What it says at the end of its standard error is what people need; the rest is not kept. */
const mostErrors = 64 * 1024;

/** How long a program that is over may leave its output open to what it started. */
const drainMs = 1000;

/** Waits until a program is over, with its output, and ends it when it takes too long, says too much or is given up. */
export function finishProgram(
  { stdout, stderr, ended }: Pick<Started, 'stdout' | 'stderr' | 'ended'>,
  kill: () => Promise<void>,
  limits: RunLimits,
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    let size = 0;
    let errors = '';
    let overran: RunResult['overran'];
    const stop = (why: NonNullable<RunResult['overran']>): void => {
      if (overran !== undefined) return;
      overran = why;
      kill().catch(reject);
    };
    const giveUp = (): void => stop('signal');
    const timer = setTimeout(() => stop('time'), limits.timeoutMs);
    limits.signal?.addEventListener('abort', giveUp, { once: true });
    if (limits.signal?.aborted === true) giveUp();
    stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.mostBytes) stop('size');
      else out.push(chunk);
    });
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => {
      errors = (errors + text).slice(-mostErrors);
    });
    const closed = [stdout, stderr].map((stream) => new Promise((done) => stream.once('close', done)));
    ended
      .then(async (ending) => {
        // What it started may hold its output open for ever.
        const drain = setTimeout(() => {
          stdout.destroy();
          stderr.destroy();
        }, drainMs);
        await Promise.all(closed);
        clearTimeout(drain);
        clearTimeout(timer);
        limits.signal?.removeEventListener('abort', giveUp);
        resolve({
          code: ending.code,
          signal: ending.signal,
          stdout: Buffer.concat(out),
          stderr: errors,
          ...(overran === undefined ? {} : { overran }),
        });
      })
      .catch(reject);
  });
}
