import { Buffer } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import zlib from 'node:zlib';
import type { Edges } from './counts.ts';
import { finishLine, scanLines } from './files.ts';
import { isGzip, isZstd, startBytes } from './format.ts';
import { type LogReader, longestLine } from './reader.ts';

export type Bytes = AsyncIterable<Uint8Array>;

/** A packed file as the bytes that were packed. Ends with an error when it was cut off or damaged. */
export function unpackFile(file: string): Bytes {
  const packed = createReadStream(file);
  return file.endsWith('.gz') ? gunzip(packed) : unzstd(packed);
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
  // `pipeline` carries an error of the source on to the reader; its own callback has nothing to add.
  return pipeline(packed, zlib.createGunzip(), () => undefined);
}

async function* unzstd(packed: Bytes): Bytes {
  // From Node 22.15 on there is one that checks sums as well; Node 20's types do not know it.
  const native: unknown = Reflect.get(zlib, 'createZstdDecompress');
  if (typeof native === 'function') {
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
