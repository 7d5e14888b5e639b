import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** One line of a table: what was measured, and the limit it is held to; without a limit it is there to compare. */
export interface Row {
  what: string;
  measured: string;
  limit: string;
  holds: boolean;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Runs a command to its end and gives its wall time in milliseconds; a failure stops the bench. */
export async function timed(
  command: string,
  args: string[],
  environment: Record<string, string> = {},
  folder = root,
): Promise<{ ms: number; said: string }> {
  const begin = performance.now();
  const child = spawn(command, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', done);
  });
  if (code !== 0) throw new Error(`a measured run failed: ${command} ${args.join(' ')}\n${said}`);
  return { ms: performance.now() - begin, said };
}
