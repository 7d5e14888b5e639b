import { Buffer } from 'node:buffer';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Counts, type Edges, joinEdges, type LogEdges } from './counts.ts';
import { createFastReader, type Share } from './fast.ts';
import { createPlainReader, type LogReader, lineFeed, longestLine } from './reader.ts';
import type { Rules } from './rules.ts';
import { type Compiled, compileScanner } from './scanner.ts';

/** What is asked of the system at a time; asking takes as long as scanning a dozen lines. */
const step = 2 * 1024 * 1024;

/** More threads than this are not faster by much, and each has memory of its own. */
export const mostThreads = 4;

/** A piece of a file that one thread takes at a time. */
const pieceBytes = 4 * 1024 * 1024;

/** Below this a second thread takes longer to start than it saves. */
const worthAThread = 32 * 1024 * 1024;

/** The lines of an open file that begin in `from` to before `to`. */
interface Piece {
  fd: number;
  from: number;
  to: number;
  /** Of the whole file when it was opened; a log that is being written grows on behind it. */
  size: number;
}

/** The pieces of all files, of which each thread takes the next one. */
interface Queue {
  pieces: Piece[];
  /** The next piece that nobody took yet. */
  taken: SharedArrayBuffer;
}

/** What a thread is given, and what it answers with. */
export interface ThreadTask extends Queue {
  rules: Rules;
  scanner: Compiled;
}
export interface ThreadResult {
  share: Share;
  /** How each piece went that this thread took: its edges, or why it could not be read. */
  pieces: [piece: number, edges: Edges | string][];
}

/**
 * Scans the whole lines among the first `length` bytes of the buffer, of which those before `known` hold no line feed;
 * what is left moves to the buffer's beginning. Answers how many bytes that are.
 */
export function scanLines(reader: LogReader, known: number, length: number): number {
  const buffer = reader.buffer();
  // From -1 it would look from the buffer's end.
  const end = length === 0 ? 0 : buffer.lastIndexOf(lineFeed, length - 1) + 1;
  if (end <= known) {
    if (length < longestLine - 1) return length;
    // Too long to be a record, whatever follows: a letter stands for all of it.
    buffer.write('x');
    return 1;
  }
  reader.scan(end);
  reader.buffer().copyWithin(0, end, length);
  return length - end;
}

/** The last line of a log that ends without a line feed is a line as well. */
export function finishLine(reader: LogReader, held: number): void {
  if (held === 0) return;
  reader.buffer()[held] = lineFeed;
  reader.scan(held + 1);
}

const shortened = 'it became shorter while it was read';

/** Finds where lines begin, for one thread: pieces come in their order, and a hole in a log may span many of them. */
function lineFinder(): (fd: number, at: number, size: number) => number {
  const some = Buffer.allocUnsafe(16 * 1024);
  /** From where on a file was searched last, and where its next line begins. */
  let last = { fd: -1, from: 0, to: 0 };

  function find(fd: number, at: number, size: number): number {
    // A line begins behind a line feed: the byte before the place tells whether one begins right there.
    for (let position = at - 1; position < size; ) {
      const got = readSync(fd, some, 0, some.length, position);
      if (got === 0) throw new Error(shortened);
      const feed = some.subarray(0, got).indexOf(lineFeed);
      if (feed >= 0) return Math.min(size, position + feed + 1);
      position += got;
    }
    return size;
  }

  return (fd, at, size) => {
    if (at === 0 || at >= size) return Math.min(at, size);
    if (fd !== last.fd || at < last.from || at > last.to) last = { fd, from: at, to: find(fd, at, size) };
    return last.to;
  };
}

/** Reads the lines that begin in a piece, each to its end. */
function scanPiece(
  reader: LogReader,
  { fd, from, to, size }: Piece,
  lineStart: ReturnType<typeof lineFinder>,
): Edges {
  let position = lineStart(fd, from, size);
  const end = lineStart(fd, to, size);
  reader.begin();
  let held = 0;
  while (position < end) {
    const most = Math.min(step, longestLine - held - 1, end - position);
    const got = readSync(fd, reader.buffer(), held, most, position);
    if (got === 0) throw new Error(shortened);
    position += got;
    held = scanLines(reader, held, held + got);
  }
  finishLine(reader, held);
  return reader.end();
}

/** Scans pieces until none are left. Runs in every thread, the main one included. */
function scanPieces(reader: LogReader, { pieces, taken }: Queue): ThreadResult['pieces'] {
  const next = new Int32Array(taken);
  const done: ThreadResult['pieces'] = [];
  const lineStart = lineFinder();
  for (let index = Atomics.add(next, 0, 1); index < pieces.length; index = Atomics.add(next, 0, 1)) {
    const piece = pieces[index];
    if (piece === undefined) break;
    try {
      done.push([index, scanPiece(reader, piece, lineStart)]);
    } catch (error) {
      done.push([index, error instanceof Error ? error.message : String(error)]);
    }
  }
  return done;
}

/** What a second thread does, from its task to its answer. */
export function takePieces(task: ThreadTask): ThreadResult {
  const reader = createFastReader(task.rules, task.scanner);
  const pieces = scanPieces(reader, task);
  return { share: reader.share(), pieces };
}

/** Threads are there in the compiled role, whose build puts thread.js beside it; from source one thread does it all. */
export const threadFile = path.join(path.dirname(fileURLToPath(import.meta.url)), 'thread.js');

/** What a file that was read to its end comes to, or why it could not be. */
export type FileOutcome = LogEdges | { why: string };

/**
 * Counts plain files, in as many threads as there are processors (four at most) where that is faster. Answers what
 * was counted, and how each file went.
 */
export async function countFiles(
  files: string[],
  rules: Rules,
): Promise<{ counts: Counts; outcomes: FileOutcome[] }> {
  const open: number[] = [];
  try {
    const pieces: (Piece & { file: number })[] = [];
    let bytes = 0;
    for (const [file, name] of files.entries()) {
      const fd = openSync(name, 'r');
      open.push(fd);
      const { size } = fstatSync(fd);
      bytes += size;
      for (let from = 0; from < size; from += pieceBytes)
        pieces.push({ file, fd, from, to: Math.min(size, from + pieceBytes), size });
    }
    const { counts, results } = await countPieces({ pieces, taken: new SharedArrayBuffer(4) }, bytes, rules);
    const outcomes = files.map((_, file): FileOutcome => {
      const piece = pieces.find((item) => item.file === file);
      if (piece !== undefined && fstatSync(piece.fd).size < piece.size) return { why: shortened };
      const ofFile = results.flatMap(([piece, result]) => (pieces[piece]?.file === file ? [result] : []));
      const why = ofFile.find((result) => typeof result === 'string');
      if (why !== undefined) return { why };
      const joined = joinEdges(ofFile.filter((result) => typeof result !== 'string'));
      counts.bad += joined.bad;
      return joined;
    });
    return { counts, outcomes };
  } finally {
    for (const fd of open) closeSync(fd);
  }
}

/** What was counted, and how each piece went, in their order. */
async function countPieces(
  queue: Queue,
  bytes: number,
  rules: Rules,
): Promise<{ counts: Counts; results: ThreadResult['pieces'] }> {
  const scanner = compileScanner();
  if (scanner === null) {
    const reader = createPlainReader(rules);
    const results = scanPieces(reader, queue);
    return { counts: reader.counts(), results };
  }
  const more =
    bytes < worthAThread || !existsSync(threadFile) ? 0 : Math.min(availableParallelism(), mostThreads) - 1;
  const others = Array.from({ length: more }, () =>
    startThread<ThreadTask, ThreadResult>({ ...queue, rules, scanner }),
  );
  const reader = createFastReader(rules, scanner);
  const own = scanPieces(reader, queue);
  const answers = await Promise.all(others);
  for (const { share } of answers) reader.add(share);
  const results = [...own, ...answers.flatMap(({ pieces }) => pieces)].sort(([a], [b]) => a - b);
  return { counts: reader.counts(), results };
}

/** Starts thread.ts with a task, and waits for its answer. */
export function startThread<Task, Result>(task: Task): Promise<Result> {
  return new Promise((resolve, reject) => {
    // It needs nothing of this process: no environment, where secrets may be, and no arguments.
    const worker = new Worker(threadFile, { workerData: task, env: {}, argv: [], execArgv: [] });
    worker.once('message', (result: Result) => {
      // It has answered: nobody waits for it to end.
      worker.unref();
      resolve(result);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a thread ended with ${code} and no result`)));
  });
}
