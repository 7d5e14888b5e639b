import type { Buffer } from 'node:buffer';

/** Enough of a log to tell what it is, in bytes. */
export const startBytes = 2048;

export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

export function isZstd(start: Uint8Array): boolean {
  return start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd;
}

/**
 * What the start of a log without any record looks like, in words for the refusal: the wrong file is the usual reason,
 * and a name helps more than "unparsable".
 */
export function formatOf(start: Buffer): string {
  if (isGzip(start)) return 'gzip without .gz in its name';
  if (isZstd(start)) return 'zstd without .zst in its name';
  const line = start
    .toString('utf8')
    .split('\n')
    .map((item) => item.trim())
    .find((item) => item !== '');
  if (line === undefined) return 'an empty file';
  if (/^\S{1,100} \S{1,100} \S{1,100} \[\d{2}\/[A-Z][a-z]{2}\/\d{4}:/.test(line)) {
    return /" "[^"]{0,2000}"$/.test(line)
      ? 'the Combined format of nginx or Apache'
      : 'the Common format of nginx or Apache';
  }
  if (/^\d{4}\/\d{2}\/\d{2} [\d:.]{8,16}\s+(?:\u001b\[\d+m)?[A-Z]+/.test(line))
    return "Caddy's console format";
  if (/"ts":"\d{4}\/\d{2}\/\d{2} [\d:.]{8,18}"/.test(line))
    return "Caddy's JSON with a wall clock in ts, which has no zone: nobody can say which day it was";
  if (line.startsWith('{')) return 'JSON, but not an access log of Caddy';
  return 'no format that is known here';
}
