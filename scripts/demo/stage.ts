import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Seeder } from '../../embedded-forge/seed.ts';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** What a demo plays on. */
export interface Stage {
  url: string;
  seed: Seeder;
  /** A folder that is gone afterwards. */
  scratch: string;
  /** Somebody's own forge, where what is made stays. */
  isReal: boolean;
  /** Ends a workflow's run, on the embedded forge, which runs nothing. */
  settleRun?: (id: number, status: 'success' | 'failure') => void;
  /** A name for an account, that nobody has yet. */
  named: (name: string) => string;
}

export const paint = process.stdout.isTTY
  ? (code: string, text: string): string => `\u001b[${code}m${text}\u001b[0m`
  : (_: string, text: string): string => text;

let step = 0;
export function chapter(text: string): void {
  step += 1;
  console.log(`\n${paint('1;36', `${step}. ${text}`)}`);
}

export function note(text: string): void {
  console.log(`   ${text}`);
}

/** Runs the role as a process and shows what it prints; its secret is masked by the role itself. */
export async function runRole(
  file: string,
  args: string[],
  environment: Record<string, string>,
  folder: string,
  show: (line: string) => void = (line) => console.log(`   ${paint('2', '│')} ${line}`),
): Promise<number | null> {
  const child = spawn(file, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    rest += chunk.toString('utf8');
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    // The runner itself swallows this command; a terminal would show it.
    for (const line of lines) if (!line.startsWith('::add-mask::')) show(line);
  });
  return new Promise((done) => child.once('close', done));
}
