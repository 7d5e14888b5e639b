// One process of the fuzz: tries inputs and prints what it does as lines of JSON, so that whoever started it knows which
// input it was that never came to an end. Started by fuzz.ts.
import { cpuMs } from '../cpu.ts';
import { hostile } from './hostile.ts';
import { type Parser, parsers } from './parsers.ts';
import { randomOf } from './random.ts';

/** What one process is to do. */
export interface Task {
  /** Only this parser; all, where there is none. */
  parser?: string;
  /** The first seed, and how many inputs each parser gets. */
  seed: number;
  count: number;
}

/** What it prints. */
export type Word =
  | { kind: 'trying'; parser: string; seed: number }
  | { kind: 'found'; parser: string; seed: number; size: number; what: string; begins: string }
  | { kind: 'done'; parser: string; inputs: number; worst: number; worstSeed: number };

/** No input may take more than so many times as long as a harmless one of its size. */
export const mostTimes = 20;
/** Below this, in milliseconds, a clock tells more about the machine than about the parser. */
const noise = 0.25;
const harmlessRuns = 9;

function say(word: Word): void {
  process.stdout.write(`${JSON.stringify(word)}\n`);
}

function timed(parser: Parser, text: string): number {
  const began = cpuMs();
  parser.parse(text);
  return cpuMs() - began;
}

/** The median time that harmless inputs of a size take. Throws where one of them is not taken: then it shows nothing. */
function harmlessTime(parser: Parser, size: number): number {
  const times: number[] = [];
  for (let nth = 0; nth < harmlessRuns + 3; nth += 1) {
    const text = parser.harmless(size, randomOf(nth + 1));
    if (!parser.parse(text)) throw new Error(`${parser.name}: a harmless input of ${size} is not taken`);
    // The first ones are for the compiler.
    if (nth >= 3) times.push(timed(parser, text));
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
}

function tryParser(parser: Parser, { seed: first, count }: Task): void {
  const usual = new Map(parser.sizes.map((size) => [size, harmlessTime(parser, size)]));
  let worst = 0;
  let worstSeed = first;
  for (let seed = first; seed < first + count; seed += 1) {
    const random = randomOf(seed);
    const size = random.one(parser.sizes);
    const { kind, text: whole } = hostile(random, parser, size);
    const text = whole.slice(0, size);
    const found = (what: string): void =>
      say({
        kind: 'found',
        parser: parser.name,
        seed,
        size,
        what: `${kind}: ${what}`,
        begins: text.slice(0, 120),
      });
    say({ kind: 'trying', parser: parser.name, seed });
    try {
      const limit = mostTimes * Math.max(noise, usual.get(size) ?? 0);
      let times = Number.POSITIVE_INFINITY;
      // What is slow once may be the machine; what is slow each time is the parser.
      for (let attempt = 0; attempt < 4 && times > limit; attempt += 1)
        times = Math.min(times, timed(parser, text));
      if ((times / limit) * mostTimes > worst) {
        worst = (times / limit) * mostTimes;
        worstSeed = seed;
      }
      if (times > limit)
        found(`took ${times.toFixed(1)} ms, and harmless ones ${(limit / mostTimes).toFixed(2)} ms`);
    } catch (error) {
      found(
        `threw ${error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : String(error)}`,
      );
    }
  }
  say({ kind: 'done', parser: parser.name, inputs: count, worst, worstSeed });
}

const task = JSON.parse(process.argv[2] ?? '{}') as Task;
for (const parser of parsers)
  if (task.parser === undefined || parser.name === task.parser) tryParser(parser, task);
