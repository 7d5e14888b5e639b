import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import zlib from 'node:zlib';
import { UserError } from '../../../core/errors.ts';
import type { Edges } from './counts.ts';
import { finishLine, scanLines } from './files.ts';
import { isGzip, isZstd, startBytes } from './format.ts';
import { type LogReader, longestLine } from './reader.ts';
import { startOf } from './source.ts';

export type Bytes = AsyncIterable<Uint8Array>;

/** How much is unpacked at a time, and how much packed is read for that. Small pieces cost more than the unpacking itself. */
const pieceBytes = 1024 * 1024;

/** A packed file as the bytes that were packed. Ends with an error when it was cut off or damaged. */
export async function* unpackFile(file: string): Bytes {
  const packed = (): Bytes => createReadStream(file, { highWaterMark: pieceBytes / 4 });
  if (file.endsWith('.gz')) {
    if (!isGzip(startOf(file)))
      throw new UserError('is no gzip file, though its name says so.', 'Rename it.');
    yield* gunzip(packed());
  } else yield* (await hasZstd()) ? zstdProgram(file) : unzstd(packed());
}

/** What arrives from another machine, unpacked when its first bytes say that it is packed. */
export async function* unpackStream(source: Bytes): Bytes {
  const chunks = source[Symbol.asyncIterator]();
  let first = Buffer.alloc(0);
  let ended = false;
  while (first.length < 4 && !ended) {
    const next = await chunks.next();
    if (next.done === true) ended = true;
    else first = Buffer.concat([first, next.value]);
  }
  if (first.length === 0) return;
  const all = (async function* (): Bytes {
    yield first;
    if (ended) return;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  })();
  if (isGzip(first)) yield* gunzip(all);
  else if (isZstd(first)) yield* unzstd(all);
  else yield* all;
}

/** All members of a gzip file, as `logrotate` may have joined them. */
function gunzip(packed: Bytes): Bytes {
  // A piece is scanned while the next ones are unpacked in other threads of Node.
  const options = { chunkSize: pieceBytes, highWaterMark: 2 * pieceBytes };
  const unpacker = zlib.createGunzip(options);
  // `pipeline` carries an error of the source on to the reader; its own callback has nothing to add.
  return pipeline(packed, unpacker, () => undefined);
}

/** Whether the `zstd` program is there, which unpacks several times as fast as what Node 20 has. */
function hasZstd(): Promise<boolean> {
  zstdIsThere ??= new Promise((resolve) => {
    const child = spawn('zstd', ['--version'], { ...quietly, stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0));
  });
  return zstdIsThere;
}

/** Asked once. */
let zstdIsThere: Promise<boolean> | undefined;

/** What a program of the system is given of the environment: where programs are, and none of the secrets of this run. */
const quietly = { env: { PATH: process.env.PATH } };

/** What the `zstd` program unpacks; ends with an error where it does, so that what was cut off is never taken for whole. */
async function* zstdProgram(file: string): Bytes {
  const child = spawn('zstd', ['-d', '-q', '-c', '--', file], {
    ...quietly,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString('utf8')}`.slice(-1000);
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) =>
      resolve(code === 0 ? undefined : stderr.trim() || `zstd ended with ${code ?? 'a signal'}`),
    );
  });
  try {
    yield* child.stdout;
    const why = await ended;
    if (why !== undefined) throw new Error(why);
  } finally {
    child.kill();
    await ended;
  }
}

async function* unzstd(packed: Bytes): Bytes {
  // From Node 24 on there is one that checks sums as well. That of Node 22 takes a file that was cut for a whole one.
  const native: unknown = Reflect.get(zlib, 'createZstdDecompress');
  if (typeof native === 'function' && Number.parseInt(process.versions.node, 10) >= 24) {
    const unpacker: NodeJS.ReadWriteStream = native();
    yield* pipeline(packed, unpacker, () => undefined) as unknown as Bytes;
    return;
  }
  const { Decompress } = await import('fzstd');
  let ready: Uint8Array[] = [];
  const unpacker = new Decompress((chunk) => ready.push(chunk));
  let isEmpty = true;
  for await (const chunk of packed) {
    isEmpty = false;
    unpacker.push(chunk);
    yield* ready;
    ready = [];
  }
  if (isEmpty) throw new Error('it is empty');
  // The end of what was packed: where the last frame is not whole, the unpacker throws now.
  unpacker.push(new Uint8Array(0), true);
  yield* ready;
}

/** Counts a log as it arrives, keeping nothing of it but its start. */
export async function scanStream(reader: LogReader, stream: Bytes): Promise<{ edges: Edges; start: Buffer }> {
  let start = Buffer.alloc(0);
  let held = 0;
  reader.begin();
  for await (const chunk of stream) {
    if (start.length < startBytes)
      start = Buffer.concat([start, chunk.subarray(0, startBytes - start.length)]);
    for (let at = 0; at < chunk.length; ) {
      const most = Math.min(chunk.length - at, longestLine - held - 1);
      reader.buffer().set(chunk.subarray(at, at + most), held);
      at += most;
      held = scanLines(reader, held, held + most);
    }
  }
  finishLine(reader, held);
  return { edges: reader.end(), start };
}
