import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Task, Word } from './child.ts';

// Runs the fuzz of one parser in a process of its own: with so much memory and no more, and ended where it says nothing.

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** Enough for the largest input many times over, and far less than a machine has. */
const memoryMb = 384;
/** No input that is read in bounded time takes near this. */
const silenceMs = 20_000;

export interface Outcome {
  parser: string;
  inputs: number;
  /** The worst input against a harmless one of its size. */
  worst: number;
  found: string[];
}

/** Tries inputs on one parser; a process that dies or hangs is a finding, and names its input. */
export async function fuzzParser(parser: string, task: Omit<Task, 'parser'>): Promise<Outcome> {
  const outcome: Outcome = { parser, inputs: 0, worst: 0, found: [] };
  let trying: number | undefined;
  let isDone = false;
  let last = '';
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${memoryMb}`,
      path.join(root, 'scripts', 'start.mjs'),
      'test/fuzz/child.ts',
      JSON.stringify({ ...task, parser }),
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.stderr.on('data', (chunk: Buffer) => {
    last = `${last}${chunk.toString('utf8')}`.slice(-2000);
  });
  let timer = setTimeout(() => undefined, 0);
  const listen = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      last = `said nothing for ${silenceMs / 1000} s`;
      child.kill('SIGKILL');
    }, silenceMs);
  };
  listen();
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    listen();
    if (!line.startsWith('{')) continue;
    const word = JSON.parse(line) as Word;
    if (word.kind === 'trying') trying = word.seed;
    else if (word.kind === 'done') {
      isDone = true;
      outcome.inputs = word.inputs;
      outcome.worst = word.worst;
    } else
      outcome.found.push(
        `seed ${word.seed}, ${word.size} characters: ${word.what}; begins ${JSON.stringify(word.begins)}`,
      );
  }
  await closed;
  clearTimeout(timer);
  if (!isDone) outcome.found.push(`seed ${trying ?? 'none yet'}: the process ended: ${last.trim()}`);
  return outcome;
}
