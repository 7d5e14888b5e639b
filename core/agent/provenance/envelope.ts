import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import { canonicalJson } from '../../canonical.ts';

// The envelope that a record stands in: DSSE 1.0 (https://github.com/secure-systems-lab/dsse), spelled in one way only. Pure.

/** What the payload is. A signature covers it, so nothing else that this key ever signs can pass for a record. */
export const recordPayloadType = 'application/vnd.forgecrew.agent-run+json';

/** A record larger than this is none of ours; nothing is parsed before its size was looked at. */
export const mostEnvelopeBytes = 16 * 1024 * 1024;

const base64 = z.string().check(z.regex(/^[A-Za-z0-9+/]*={0,2}$/, 'base64'));

export const envelopeSchema = z.strictObject({
  /** The record, as canonical JSON. */
  payload: base64,
  payloadType: z.literal(recordPayloadType),
  /** One, or none where the role was given no key. */
  signatures: z
    .array(
      z.strictObject({
        /** `sha256:` and the digest of the public key (SPKI, DER). A hint alone: every key that is trusted is tried. */
        keyid: z.string(),
        /** Ed25519, over the payload's type and the payload (the pre-authentication encoding of DSSE). */
        sig: base64,
      }),
    )
    .check(z.maxLength(1)),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** What is signed: the pre-authentication encoding of DSSE. Lengths are of bytes, so that no two pairs have the same one. */
export function pae(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/** The envelope as the bytes of its file. */
export function envelopeText(payload: Uint8Array, signatures: Envelope['signatures']): string {
  const envelope: Envelope = {
    payload: Buffer.from(payload).toString('base64'),
    payloadType: recordPayloadType,
    signatures,
  };
  return `${canonicalJson(envelope)}\n`;
}

export type OpenedEnvelope =
  | { ok: true; payload: Buffer; signatures: { keyid: string; sig: Buffer }[] }
  | { ok: false; fault: string };

/**
 * The envelope in a file, or what is wrong with it. Only the one spelling that we write is taken: another order, another base64,
 * a name that stands twice or a byte behind the end could change without a signature noticing.
 */
export function openEnvelope(bytes: Uint8Array): OpenedEnvelope {
  if (bytes.length > mostEnvelopeBytes)
    return { ok: false, fault: `it is larger than ${mostEnvelopeBytes} bytes` };
  const data = jsonOf(bytes);
  if (data === undefined) return { ok: false, fault: 'it is no JSON' };
  const parsed = envelopeSchema.safeParse(data.value);
  if (!parsed.success) return { ok: false, fault: `it is no envelope of a record: ${faultOf(parsed.error)}` };
  const { signatures } = parsed.data;
  const payload = Buffer.from(parsed.data.payload, 'base64');
  const opened = signatures.map(({ keyid, sig }) => ({ keyid, sig: Buffer.from(sig, 'base64') }));
  const again = envelopeText(
    payload,
    opened.map(({ keyid, sig }) => ({ keyid, sig: sig.toString('base64') })),
  );
  if (!Buffer.from(again, 'utf8').equals(bytes))
    return { ok: false, fault: 'it is not spelled as the role writes it' };
  return { ok: true, payload, signatures: opened };
}

/** JSON in UTF-8, or undefined. */
export function jsonOf(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    return undefined;
  }
}

/** The first thing that a schema does not allow, with its place. */
export function faultOf({ issues }: z.core.$ZodError): string {
  const [first] = issues;
  if (first?.code === 'unrecognized_keys')
    return `${[...first.path, first.keys[0] ?? ''].join('.').slice(0, 200)} is no field of it`;
  const place = (first?.path.join('.') ?? '').slice(0, 200);
  return `${place === '' ? 'the whole' : place} is not what it has to be`;
}
