import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { sha256 } from '../../canonical.ts';

// Keys that sign records, as people keep them: PEM, or the base64 of it or of its DER. Pure.

/** A file of a key is a hundred bytes; what is a thousand times that is something else. */
export const mostKeyText = 100_000;

/** An Ed25519 private key (PKCS#8) as one line of base64, or undefined where the text holds none. */
export function privateKeyIn(text: string): string | undefined {
  const der = derIn(text, 'PRIVATE KEY');
  return der === undefined || privateKey(der) === undefined ? undefined : der.toString('base64');
}

/** The key that `privateKeyIn` found. */
export function privateKeyOf(base64: string): KeyObject {
  const key = privateKey(Buffer.from(base64, 'base64'));
  if (key === undefined) throw new TypeError('this is no Ed25519 private key');
  return key;
}

/** An Ed25519 public key (SPKI), or why the text holds none. */
export function publicKeyIn(text: string): { ok: true; key: KeyObject } | { ok: false; fault: string } {
  if (privateKeyIn(text) !== undefined)
    return { ok: false, fault: 'it holds a private key, which nobody needs who only verifies' };
  const der = derIn(text, 'PUBLIC KEY');
  const key = der === undefined ? undefined : publicKey(der);
  return key === undefined ? { ok: false, fault: 'it holds no Ed25519 public key' } : { ok: true, key };
}

/** What names a key: the digest of its public half. */
export function keyIdOf(key: KeyObject): string {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return `sha256:${sha256(half.export({ format: 'der', type: 'spki' }))}`;
}

function privateKey(der: Buffer): KeyObject | undefined {
  return ed25519(() => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

function publicKey(der: Buffer): KeyObject | undefined {
  return ed25519(() => createPublicKey({ key: der, format: 'der', type: 'spki' }));
}

function ed25519(read: () => KeyObject): KeyObject | undefined {
  try {
    const key = read();
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** The bytes of a key. Line ends do not matter: many a store of secrets takes them away, or writes them as `\n`. */
function derIn(text: string, label: 'PRIVATE KEY' | 'PUBLIC KEY', isInside = false): Buffer | undefined {
  if (text.length > mostKeyText) return undefined;
  const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  const isPem = from >= 0 && to > from;
  const body = (isPem ? text.slice(from + begin.length, to) : text).replace(/\\n|\s+/g, '');
  if (body === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) return undefined;
  const bytes = Buffer.from(body, 'base64');
  // The base64 of a whole PEM file is what `base64 < file` gives.
  return !isPem && !isInside && bytes.toString('latin1').startsWith('-----BEGIN ')
    ? derIn(bytes.toString('latin1'), label, true)
    : bytes;
}
