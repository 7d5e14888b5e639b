import { Buffer } from 'node:buffer';
import { type KeyObject, sign, verify } from 'node:crypto';
import { sha256 } from '../../canonical.ts';
import { type RunRecord, runRecordText } from '../run-record.ts';
import { envelopeText, pae, recordPayloadType } from './envelope.ts';
import { keyIdOf, privateKeyOf } from './keys.ts';

/** A record as its file holds it: in an envelope, signed where there is a key. The same record and key always give the same bytes. Pure. */
export function recordFile(record: RunRecord, key: string | undefined): string {
  const payload = Buffer.from(runRecordText(record), 'utf8');
  if (key === undefined) return envelopeText(payload, []);
  const secret = privateKeyOf(key);
  const sig = sign(null, pae(recordPayloadType, payload), secret);
  return envelopeText(payload, [{ keyid: keyIdOf(secret), sig: sig.toString('base64') }]);
}

/** Whether a key signed a payload as a record. Pure. */
export function isSignedBy(key: KeyObject, payload: Uint8Array, sig: Uint8Array): boolean {
  return sig.length === 64 && verify(null, pae(recordPayloadType, payload), key, sig);
}

/** By what the next record names a file; pure. */
export function digestOf(file: string | Uint8Array): string {
  return `sha256:${sha256(file)}`;
}
