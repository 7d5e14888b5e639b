import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** JSON in the one spelling that RFC 8785 (JCS) gives it, so that equal data are equal bytes. */
export function canonicalJson(data: unknown): string {
  const text = canonicalize(data);
  if (text === undefined) throw new TypeError('undefined has no canonical JSON');
  return text;
}

/** SHA-256 of a text's UTF-8 bytes, or of bytes, as 64 hexadecimal digits. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
