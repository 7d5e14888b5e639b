import type { Buffer } from 'node:buffer';
import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Counts, Edges } from './counts.ts';
import { createFastReader, type Share } from './fast.ts';
import { mostThreads, startThread, threadFile } from './files.ts';
import { createPlainReader, type LogReader } from './reader.ts';
import type { Rules } from './rules.ts';
import { type Compiled, compileScanner } from './scanner.ts';
import { broken } from './source.ts';
import { scanStream, unpackFile } from './streams.ts';

// A packed file can only be read from its beginning, so a thread takes whole ones, each the next that nobody took.

/** Below this, packed and together, a second thread takes longer to start than it saves. */
const worthAThread = 2 * 1024 * 1024;

interface Queue {
  files: string[];
  /** The next file that nobody took yet. */
  taken: SharedArrayBuffer;
}

/** What a thread is given, and what it answers with. */
export interface PackedTask extends Queue {
  rules: Rules;
  scanner: Compiled;
}
export interface PackedResult {
  share: Share;
  /** How each file went that this thread took. */
  files: [file: number, outcome: PackedOutcome][];
}

/** What a packed file comes to and how it begins, or why it could not be read to its end. */
export type PackedOutcome = { edges: Edges; start: Buffer | Uint8Array } | { why: string };

/** Scans files until none are left. Runs in every thread, the main one included. */
async function scanFiles(reader: LogReader, { files, taken }: Queue): Promise<PackedResult['files']> {
  const next = new Int32Array(taken);
  const done: PackedResult['files'] = [];
  for (let index = Atomics.add(next, 0, 1); index < files.length; index = Atomics.add(next, 0, 1)) {
    try {
      done.push([index, await scanStream(reader, unpackFile(files[index] ?? ''))]);
    } catch (error) {
      done.push([index, { why: broken(error) }]);
    }
  }
  return done;
}

/** What a second thread does, from its task to its answer. */
export async function takePacked(task: PackedTask): Promise<PackedResult> {
  const reader = createFastReader(task.rules, task.scanner);
  const files = await scanFiles(reader, task);
  return { share: reader.share(), files };
}

/** Counts packed files, several side by side where that is faster. Answers what was counted, and how each file went. */
export async function countPackedFiles(
  files: string[],
  rules: Rules,
): Promise<{ counts: Counts; outcomes: PackedOutcome[] }> {
  const queue: Queue = { files, taken: new SharedArrayBuffer(4) };
  const scanner = compileScanner();
  const bytes = files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
  const more =
    scanner === null || bytes < worthAThread || !existsSync(threadFile)
      ? 0
      : Math.min(availableParallelism(), mostThreads, files.length) - 1;
  if (scanner === null) {
    const reader = createPlainReader(rules);
    const results = await scanFiles(reader, queue);
    return { counts: reader.counts(), outcomes: inOrder(results) };
  }
  const others = Array.from({ length: more }, () =>
    startThread<PackedTask, PackedResult>({ ...queue, rules, scanner }),
  );
  const reader = createFastReader(rules, scanner);
  const own = await scanFiles(reader, queue);
  const answers = await Promise.all(others);
  for (const { share } of answers) reader.add(share);
  return {
    counts: reader.counts(),
    outcomes: inOrder([...own, ...answers.flatMap((answer) => answer.files)]),
  };
}

function inOrder(results: PackedResult['files']): PackedOutcome[] {
  return results.sort(([a], [b]) => a - b).map(([, outcome]) => outcome);
}
