import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Task, Word } from './child.ts';

// Runs the fuzz in a process of its own: with so much memory and no more, and ended where it says nothing.

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** Enough for the largest input many times over, and far less than a machine has. */
const memoryMb = 384;
/** No input that is read in bounded time takes near this, on a busy machine either. */
const silenceMs = 60_000;

export interface Outcome {
  parser: string;
  inputs: number;
  /** The worst input against a harmless one of its size. */
  worst: number;
  worstSeed: number;
  found: string[];
}

/** Tries inputs; a process that dies or hangs is a finding, and names its input. */
export async function fuzz(task: Task): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  const outcomeOf = (parser: string): Outcome => {
    const known = outcomes.get(parser) ?? { parser, inputs: 0, worst: 0, worstSeed: 0, found: [] };
    outcomes.set(parser, known);
    return known;
  };
  let trying: { parser: string; seed: number } | undefined;
  let last = '';
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${memoryMb}`,
      path.join(root, 'scripts', 'start.mjs'),
      'test/fuzz/child.ts',
      JSON.stringify(task),
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
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    listen();
    if (!line.startsWith('{')) continue;
    const word = JSON.parse(line) as Word;
    const outcome = outcomeOf(word.parser);
    if (word.kind === 'trying') trying = word;
    else if (word.kind === 'done') {
      trying = undefined;
      outcome.inputs = word.inputs;
      outcome.worst = word.worst;
      outcome.worstSeed = word.worstSeed;
    } else
      outcome.found.push(
        `seed ${word.seed}, ${word.size} characters: ${word.what}; begins ${JSON.stringify(word.begins)}`,
      );
  }
  const code = await closed;
  clearTimeout(timer);
  if (code !== 0)
    outcomeOf(trying?.parser ?? task.parser ?? 'none yet').found.push(
      `seed ${trying?.seed ?? 'none yet'}: the process ended: ${last.trim()}`,
    );
  return [...outcomes.values()];
}
