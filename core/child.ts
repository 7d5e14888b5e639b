import { spawn } from 'node:child_process';
import { UserError } from './errors.ts';
import { plain } from './text/log-line.ts';

export interface ChildOptions {
  /** Started as it is, by PATH or by its own path: no shell ever sees it. */
  command: string;
  args: string[];
  /** The whole environment it gets; nothing of ours is inherited. */
  environment: Record<string, string>;
  folder: string;
  input: string | Uint8Array;
  timeoutMs: number;
  /** More output than this is a fault. */
  mostBytes: number;
}

/** How a program ended. */
export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  /** The first few thousand bytes of what it said. */
  stderr: string;
  /** What it had too much of, for which it was killed. */
  overran?: 'time' | 'size';
}

/**
 * Runs a program to its end, whatever its exit code. It and whatever it starts are one process group, which is killed as a
 * whole when time is over, when it prints too much, and when it has ended, so that nothing stays behind. Throws, with a
 * remedy, only when it cannot be started.
 */
export function runToEnd(options: ChildOptions): Promise<ChildEnd> {
  const { command, args, environment, folder, input, timeoutMs, mostBytes } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: environment,
      shell: false,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    let size = 0;
    let stderr = '';
    let overran: ChildEnd['overran'];
    const killGroup = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group is gone already.
      }
    };
    const kill = (of: 'time' | 'size'): void => {
      overran ??= of;
      killGroup();
    };
    const timer = setTimeout(() => kill('time'), timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(
        new UserError(
          `${plain(command)} cannot be started (${'code' in error ? String(error.code) : error.message}).`,
          'Check that it is installed where this step runs, and that its name or path in the settings is right.',
        ),
      );
    });
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > mostBytes) kill('size');
      else out.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 4096) stderr += chunk.toString('utf8');
    });
    // It may end before it has read everything; its exit code says how that went.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    // What it started may hold its output open after it has ended.
    let left: NodeJS.Timeout | undefined;
    child.once('exit', () => {
      left = setTimeout(killGroup, 1000);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(left);
      killGroup();
      resolve({
        code,
        signal,
        stdout: Buffer.concat(out),
        stderr,
        ...(overran === undefined ? {} : { overran }),
      });
    });
  });
}

/**
 * Runs a program to its end, as `runToEnd` does, and gives back what it printed. Throws, with a remedy, also when it ends with
 * another code than 0, or is killed.
 */
export async function runChild(options: ChildOptions): Promise<string> {
  const { command, timeoutMs, mostBytes } = options;
  const { code, signal, stdout, stderr, overran } = await runToEnd(options);
  if (overran === undefined && code === 0) return stdout.toString('utf8');
  const last = plain(stderr.trim().split('\n').at(-1) ?? '').slice(0, 300);
  const killed =
    overran === 'time'
      ? `ran longer than ${Math.round(timeoutMs / 1000)} s`
      : `printed more than ${mostBytes} bytes`;
  throw new UserError(
    overran === undefined
      ? `${plain(command)} ended with ${signal ?? `code ${code}`}.${last === '' ? '' : ` It said: ${last}`}`
      : `${plain(command)} ${killed}, so it was ended.`,
    'Run it by hand with a short prompt on its standard input, in an empty environment, to see what it lacks.',
  );
}
