import { Buffer } from 'node:buffer';

/** Looks for a secret in a stream of bytes, also where it is cut in two. */
export interface KeyGuard {
  /** What may go on of this piece and of what was held back; undefined where the secret stands in it. */
  pass(piece: Buffer): Buffer | undefined;
  /** What was held back at the end. */
  rest(): Buffer;
}

/** Holds bytes back only while they could be the beginning of the secret, so that a stream is not slowed down. */
export function createKeyGuard(secret: string): KeyGuard {
  const key = Buffer.from(secret);
  let held: Buffer = Buffer.alloc(0);
  return {
    pass(piece) {
      const all = held.length === 0 ? piece : Buffer.concat([held, piece]);
      if (all.includes(key)) return undefined;
      const begun = beginningAtEnd(all, key);
      held = Buffer.from(all.subarray(all.length - begun));
      return all.subarray(0, all.length - begun);
    },
    rest: () => held,
  };
}

/** How many bytes at the end are the first ones of the key. */
function beginningAtEnd(bytes: Buffer, key: Buffer): number {
  for (let length = Math.min(key.length - 1, bytes.length); length > 0; length -= 1)
    if (bytes.subarray(bytes.length - length).equals(key.subarray(0, length))) return length;
  return 0;
}
