import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Limits } from './limits.ts';

export type BodyIn =
  | { kind: 'text'; text: string; bytes: number }
  | { kind: 'fault'; why: string; isSize: boolean }
  /** It went away. */
  | { kind: 'gone' };

export interface BodyReader {
  /** A request's whole body. What is read counts as held until it is given back. */
  read(request: IncomingMessage): Promise<BodyIn>;
  giveBack(bytes: number): void;
}

/** Reads bodies within a bound for each and one for all together. */
export function createBodyReader({
  bodyBytes,
  heldBytes,
}: Pick<Limits, 'bodyBytes' | 'heldBytes'>): BodyReader {
  let held = 0;
  return {
    async read(request) {
      const said = Number(request.headers['content-length'] ?? 0);
      if (said > bodyBytes) return tooLarge(bodyBytes);
      const encoding = request.headers['content-encoding'] ?? 'identity';
      if (encoding !== 'identity')
        return { kind: 'fault', why: 'a packed body is not read; send it as it is', isSize: false };
      const parts: Buffer[] = [];
      let bytes = 0;
      let found: BodyIn | undefined;
      try {
        for await (const part of request as AsyncIterable<Buffer>) {
          bytes += part.length;
          held += part.length;
          if (bytes > bodyBytes) found = tooLarge(bodyBytes);
          else if (held > heldBytes)
            found = { kind: 'fault', why: 'too many large requests at once', isSize: true };
          if (found !== undefined) break;
          parts.push(part);
        }
        if (found === undefined && !request.complete) found = { kind: 'gone' };
        found ??= textOf(Buffer.concat(parts));
      } catch {
        found = { kind: 'gone' };
      }
      if (found.kind !== 'text') held -= bytes;
      return found;
    },
    giveBack(bytes) {
      held -= bytes;
    },
  };
}

function textOf(bytes: Buffer): BodyIn {
  try {
    return {
      kind: 'text',
      text: new TextDecoder('utf-8', { fatal: true }).decode(bytes),
      bytes: bytes.length,
    };
  } catch {
    return { kind: 'fault', why: 'the body is not UTF-8', isSize: false };
  }
}

function tooLarge(most: number): BodyIn {
  return { kind: 'fault', why: `a body may have ${most} bytes at most`, isSize: true };
}
