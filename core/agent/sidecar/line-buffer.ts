/** Bytes of one connection until they are whole lines. */
export interface LineBuffer {
  /** Takes bytes in; false when a line has become longer than allowed, and nothing more is to be expected of it. */
  add(chunk: Uint8Array): boolean;
  /** Whether a whole line is waiting. */
  hasLine(): boolean;
  /** The next line without its end, undefined when none is whole. Empty lines are skipped. */
  take(): string | undefined;
  /** Whether a line has begun that is not whole. */
  hasPart(): boolean;
}

const newline = 10;

/** Lines are cut off only as they are asked for: a chunk of thousands of them is kept once, as the bytes that came. */
export function createLineBuffer(mostBytes: number): LineBuffer {
  let bytes = Buffer.alloc(0);
  let start = 0;
  let end = 0;
  /** Where the next line end is, or -1 when there is none in what is here. */
  let lineEnd = -1;
  const look = (from: number): void => {
    const at = bytes.subarray(0, end).indexOf(newline, from);
    lineEnd = at;
  };
  const skipEmpty = (): void => {
    while (lineEnd === start) {
      start += 1;
      look(start);
    }
  };
  return {
    add(chunk) {
      if (end + chunk.length > bytes.length) {
        // Twice what is needed: one byte at a time must not mean one copy of everything for each byte.
        const wider = Buffer.alloc(Math.max(1024, 2 * (end - start + chunk.length)));
        bytes.copy(wider, 0, start, end);
        if (lineEnd >= 0) lineEnd -= start;
        end -= start;
        start = 0;
        bytes = wider;
      }
      bytes.set(chunk, end);
      const before = end;
      end += chunk.length;
      if (lineEnd < 0) look(before);
      skipEmpty();
      return (lineEnd < 0 ? end - start : lineEnd - start) <= mostBytes;
    },
    hasLine: () => lineEnd >= 0,
    take() {
      if (lineEnd < 0) return undefined;
      const line = bytes.toString('utf8', start, lineEnd);
      start = lineEnd + 1;
      look(start);
      skipEmpty();
      if (start === end) {
        start = 0;
        end = 0;
        // What one long line took is not kept for as long as the connection lives.
        if (bytes.length > 64 * 1024) bytes = Buffer.alloc(0);
      }
      return line;
    },
    hasPart: () => lineEnd < 0 && end > start,
  };
}
