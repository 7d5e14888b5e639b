import { Buffer } from 'node:buffer';

/** One event of a stream, as the bytes it came in, and whether it was too large to be kept whole. */
export interface StreamEvent {
  raw: Buffer;
  isWhole: boolean;
}

export interface Events {
  /** The events that end in this piece. */
  feed(piece: Buffer): StreamEvent[];
  /** Whether nothing of an event is kept: what comes next begins one. */
  isBetween(): boolean;
  /** What came after the last end of an event. */
  rest(): StreamEvent;
}

const lineFeed = 10;
const carriageReturn = 13;

/** Cuts a stream of server-sent events at its empty lines. Of an event larger than `mostBytes` nothing is kept. */
export function createEvents(mostBytes: number): Events {
  let parts: Buffer[] = [];
  let size = 0;
  let isWhole = true;
  let lineSize = 0;
  let last = 0;

  function keep(part: Buffer): void {
    size += part.length;
    if (size > mostBytes) {
      isWhole = false;
      parts = [];
    } else if (part.length > 0) parts.push(part);
  }
  function end(): StreamEvent {
    // Most events come in one piece, and there are thousands in a megabyte: copying each would be most of the work.
    const [first] = parts;
    const event = {
      raw: first !== undefined && parts.length === 1 ? first : Buffer.concat(parts),
      isWhole,
    };
    [parts, size, isWhole] = [[], 0, true];
    return event;
  }

  return {
    feed(piece) {
      const found: StreamEvent[] = [];
      let [begin, line] = [0, 0];
      for (;;) {
        const at = piece.indexOf(lineFeed, line);
        if (at < 0) break;
        const length = lineSize + at - line;
        const before = at > 0 ? piece[at - 1] : last;
        [lineSize, line] = [0, at + 1];
        if (length > 1 || (length === 1 && before !== carriageReturn)) continue;
        keep(piece.subarray(begin, at + 1));
        found.push(end());
        begin = at + 1;
      }
      keep(piece.subarray(begin));
      lineSize += piece.length - line;
      last = piece[piece.length - 1] ?? last;
      return found;
    },
    isBetween: () => size === 0 && lineSize === 0,
    rest: end,
  };
}

/** The JSON of an event, if it has some in which the word stands; others are not worth parsing. */
export function jsonOf({ raw, isWhole }: StreamEvent, word: string): unknown {
  if (!isWhole || !raw.includes(word)) return undefined;
  const data = raw
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim())
    .join('\n');
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
