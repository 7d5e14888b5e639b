import { createRequire } from 'node:module';
import canonicalize from 'canonicalize';

// Loaded when used: it takes a tenth of a run that has nothing to do.
const load = createRequire(import.meta.url);

/** JSON in the one spelling that RFC 8785 (JCS) gives it, so that equal data are equal bytes. */
export function canonicalJson(data: unknown): string {
  const text = canonicalize(data);
  if (text === undefined) throw new TypeError('undefined has no canonical JSON');
  return text;
}

/** SHA-256 of a text's UTF-8 bytes, as 64 hexadecimal digits. */
export function sha256(text: string): string {
  const { createHash }: typeof import('node:crypto') = load('node:crypto');
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
