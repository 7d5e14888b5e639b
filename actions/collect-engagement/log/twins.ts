import { Buffer } from 'node:buffer';
import { createReadStream, statSync } from 'node:fs';
import { isGzip, isZstd } from './format.ts';
import { type FileSource, isPacked, type LogFault, type Source, startOf } from './source.ts';
import { type Bytes, unpackFile } from './streams.ts';

// A log may stand beside its packed form, or beside a copy: while Caddy packs it, when somebody packed it and kept it, when it
// was copied. What is in one of them is in the other, so it has to be counted once.

/** Two logs that begin with so many same bytes are one: each line has its own time, to a fraction of a second. */
const headBytes = 4096;

/** A packed file that is shorter may have nothing in it yet that can be unpacked. */
const hardlyPacked = 4096;

interface Read {
  sources: Source[];
  faults: LogFault[];
  remarks: LogFault[];
}

/** The sources without those files whose lines another one holds as well. */
export async function withoutTwins(given: Source[]): Promise<Read> {
  const files = given.filter((source): source is FileSource => 'file' in source);
  const heads = new Map<FileSource, Buffer>();
  for (const source of files) heads.set(source, await headOf(source));
  const left = new Set(given);
  const faults: LogFault[] = [];
  const remarks: LogFault[] = [];
  // Packed ones first: where one of each holds the same, what need not be unpacked is kept.
  const ordered = [...files.filter(isPacked), ...files.filter((source) => !isPacked(source))];
  for (const [index, one] of ordered.entries()) {
    for (const other of ordered.slice(index + 1)) {
      if (!left.has(one) || !left.has(other) || !mayBeTwins(one, other, heads)) continue;
      const relation = await compare(one, other);
      if (relation === 'other' || (relation === 'broken' && isSibling(one, other))) {
        left.delete(one);
        remarks.push({ file: one.name, message: toldOnce(other, relation) });
      } else if (relation === 'one') {
        left.delete(other);
        remarks.push({ file: other.name, message: toldOnce(one, relation) });
      } else if (relation === 'apart')
        faults.push({
          file: one.name,
          message: `begins with the same lines as ${other.name}, and goes on with others: what stands in both would be counted twice. Name one of them`,
        });
    }
  }
  return { sources: [...left], faults, remarks };
}

/** Whether the name of a file is that of another one, packed. */
function isSibling(packed: FileSource, other: FileSource): boolean {
  return isPacked(packed) && other.file === packed.file.replace(/\.(?:gz|zst)$/, '');
}

/** Whether two logs begin alike, so that it is worth to compare all of them. */
function mayBeTwins(one: FileSource, other: FileSource, heads: Map<FileSource, Buffer>): boolean {
  const [a, b] = [headIn(heads, one), headIn(heads, other)];
  const length = Math.min(a.length, b.length);
  // Where hardly anything was packed yet, the names tell.
  if (length === 0) return b.length > 0 && isSibling(one, other) && hardlyBegun(one.file);
  // Of two that are not packed a line may be the same by chance, where times are whole seconds.
  if (!isPacked(one) && length < headBytes) return false;
  return a.subarray(0, length).equals(b.subarray(0, length));
}

function headIn(heads: Map<FileSource, Buffer>, source: FileSource): Buffer {
  return heads.get(source) ?? Buffer.alloc(0);
}

function toldOnce({ name }: Source, relation: 'other' | 'one' | 'broken'): string {
  return relation === 'broken'
    ? `is not whole, and its lines are those of ${name}: it is being packed, or its packing broke off; it is counted once`
    : `holds what ${name} holds as well; it is counted once`;
}

/** The bytes of a log. Its file is opened when the first ones are asked for, so that no error is nobody's. */
async function* contentOf(source: FileSource): Bytes {
  yield* isPacked(source) ? unpackFile(source.file) : createReadStream(source.file);
}

/** The first bytes of a log, as many as can be read. */
async function headOf(source: FileSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of contentOf(source)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= headBytes) break;
    }
  } catch {
    // What breaks off is told by who reads it to its end.
  }
  return Buffer.concat(chunks).subarray(0, headBytes);
}

/** Whether a packed file is only begun: it has nothing in it yet, or little behind what says how it is packed. */
function hardlyBegun(file: string): boolean {
  const { size } = statSync(file);
  const start = startOf(file);
  return size === 0 || (size < hardlyPacked && (isGzip(start) || isZstd(start)));
}

/**
 * Which of two logs holds all of the other: `other` or `one`. `broken`: `one` breaks off, and is the other's up to there.
 * `apart`: they go different ways. `unknown`: the other cannot be read, which is told when it is counted.
 */
async function compare(
  one: FileSource,
  other: FileSource,
): Promise<'other' | 'one' | 'broken' | 'apart' | 'unknown'> {
  const others = piecesOf(contentOf(other));
  try {
    for await (const chunk of contentOf(one)) {
      const same = await others.next(chunk.length);
      if (!same.equals(chunk.subarray(0, same.length))) return 'apart';
      if (same.length < chunk.length) return 'one';
    }
    return 'other';
  } catch {
    return others.failed ? 'unknown' : 'broken';
  } finally {
    await others.close();
  }
}

/** A stream that is taken by as many bytes as are asked for; fewer where it ends. */
function piecesOf(bytes: Bytes): {
  next(length: number): Promise<Buffer>;
  close(): Promise<void>;
  readonly failed: boolean;
} {
  const chunks = bytes[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  let failed = false;
  return {
    async next(length) {
      try {
        while (held.length < length) {
          const next = await chunks.next();
          if (next.done === true) break;
          held = Buffer.concat([held, next.value]);
        }
      } catch (error) {
        failed = true;
        throw error;
      }
      const piece = held.subarray(0, length);
      held = held.subarray(piece.length);
      return piece;
    },
    close: async () => void (await chunks.return?.()),
    get failed() {
      return failed;
    },
  };
}
