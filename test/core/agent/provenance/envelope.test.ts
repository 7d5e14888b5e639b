import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { issueName } from '../../../../core/agent/entry.ts';
import { openEnvelope, pae, recordPayloadType } from '../../../../core/agent/provenance/envelope.ts';
import { keyIdOf, privateKeyIn, publicKeyIn } from '../../../../core/agent/provenance/keys.ts';
import { digestOf, isSignedBy, recordFile } from '../../../../core/agent/provenance/sign.ts';
import { parseRunRecord, runRecordText } from '../../../../core/agent/run-record.ts';
import { canonicalJson } from '../../../../core/canonical.ts';
import { chain, fileOf, firstWrong, keyPair, name, operations, type Pair, recordOf } from './records.ts';

const key = keyPair();
const other = keyPair();

/** The same envelope with another payload, signed over the type that is named. */
function enveloped(payload: string | Uint8Array, type = recordPayloadType, by: Pair = key): Buffer {
  const bytes = Buffer.from(payload);
  const secret = createPrivateKey({ key: Buffer.from(by.secret, 'base64'), format: 'der', type: 'pkcs8' });
  return Buffer.from(
    `${canonicalJson({
      payload: bytes.toString('base64'),
      payloadType: type,
      signatures: [{ keyid: keyIdOf(by.open), sig: sign(null, pae(type, bytes), secret).toString('base64') }],
    })}\n`,
  );
}

describe('an envelope', () => {
  it('is encoded for its signature as the specification of DSSE says', () => {
    expect(pae('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
    // Lengths are of bytes, and an empty body leaves its blank.
    expect(pae('ä', Buffer.alloc(0)).toString()).toBe('DSSEv1 2 ä 0 ');
  });

  it('is verified by anybody who knows nothing but DSSE and Ed25519', () => {
    const { payload, payloadType, signatures } = JSON.parse(recordFile(recordOf(), key.secret));
    const body = Buffer.from(payload, 'base64');

    const signed = Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} ${body}`);

    expect(verify(null, signed, key.pem, Buffer.from(signatures[0].sig, 'base64'))).toBe(true);
    expect(JSON.parse(body.toString())).toEqual(recordOf());
  });

  it('is the same whenever the same record is signed, and without a key has no signature', () => {
    expect(recordFile(recordOf(), key.secret)).toBe(recordFile(recordOf(), key.secret));
    expect(JSON.parse(recordFile(recordOf(), undefined))).toMatchObject({ signatures: [] });
    expect(parseRunRecord(Buffer.from(recordFile(recordOf(), undefined)))).toEqual(recordOf());
  });
});

describe('a key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');

  it.each([
    ['PEM', pem],
    ['PEM with other line ends', pem.replaceAll('\n', '\r\n')],
    ['PEM on one line', pem.replaceAll('\n', ' ')],
    ['PEM with its line ends written out', pem.replaceAll('\n', '\\n')],
    ['base64', der],
    ['base64 of PEM', Buffer.from(pem).toString('base64')],
    ['base64 of PEM, over lines', Buffer.from(pem).toString('base64').replace(/.{60}/g, '$&\n')],
  ])('may be given as %s', (_, text) => {
    expect(privateKeyIn(text)).toBe(der);
  });

  it.each([
    ['a public key', publicKey.export({ format: 'pem', type: 'spki' }).toString()],
    [
      'an RSA key',
      generateKeyPairSync('rsa', { modulusLength: 1024 })
        .privateKey.export({ format: 'pem', type: 'pkcs8' })
        .toString(),
    ],
    [
      'an X25519 key',
      generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    ],
    ['half of one', der.slice(0, 30)],
    ['nothing', ''],
    ['a word', 'secret'],
    ['a megabyte', 'A'.repeat(1_000_000)],
  ])('is not %s', (_, text) => {
    expect(privateKeyIn(text)).toBeUndefined();
  });

  it('that verifies is a public one: a private one is not taken for it', () => {
    expect(publicKeyIn(pem)).toMatchObject({ ok: false, fault: expect.stringContaining('private') });
    const read = publicKeyIn(publicKey.export({ format: 'pem', type: 'spki' }).toString());
    expect(read.ok && keyIdOf(read.key)).toBe(keyIdOf(privateKey));
    expect(keyIdOf(createPublicKey(privateKey))).toBe(keyIdOf(publicKey));
  });
});

describe('records that nobody touched', () => {
  it('fit, one after the other, also where a round left none', () => {
    const files = chain(key, [{}, {}, { round: 4 }, { operations: { head: '', entries: [] }, round: 5 }]);

    expect(firstWrong(files, [key])).toBeUndefined();
    expect(firstWrong(files.toReversed(), [other, key])).toBeUndefined();
  });
});

describe('a bent record', () => {
  it('is caught whichever byte of its file is another', () => {
    const [file] = chain(key, [
      {
        operations: operations('signal_done'),
        isolation: { level: 'user', network: 'open', keeps_not_out: [] },
      },
    ]);
    if (file === undefined) throw new Error('no record was made');
    const missed: number[] = [];
    const bent = Buffer.from(file.bytes);
    for (const [at, byte] of file.bytes.entries())
      for (const mask of [1, 32, 128]) {
        bent[at] = byte ^ mask;
        if (firstWrong([{ name: file.name, bytes: bent }], [key]) === undefined) missed.push(at);
        bent[at] = byte;
      }

    expect(missed).toEqual([]);
  });

  it('is caught wherever a byte is missing, or one too many', () => {
    const [file] = chain(key, [{}]);
    if (file === undefined) throw new Error('no record was made');
    const { bytes } = file;
    const missed: number[] = [];
    for (let at = 0; at <= bytes.length; at += 1)
      for (const text of [
        Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
        Buffer.concat([bytes.subarray(0, at), Buffer.from(' '), bytes.subarray(at)]),
        bytes.subarray(0, at),
      ])
        if (!bytes.equals(text) && firstWrong([{ name: file.name, bytes: text }], [key]) === undefined)
          missed.push(at);

    expect(missed).toEqual([]);
  });

  const [first, second, third] = chain(key, [{}, {}, {}]);
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('no records were made');
  const open = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString());
  const again = (change: (envelope: Record<string, unknown>) => void): Buffer => {
    const envelope = open(first.bytes);
    change(envelope);
    return Buffer.from(`${canonicalJson(envelope)}\n`);
  };

  it.each([
    ['no signature', again((it) => Object.assign(it, { signatures: [] })), 'not signed'],
    ['no list of signatures', again((it) => delete it.signatures), 'signatures'],
    [
      'an empty signature',
      again((it) => Object.assign(it, { signatures: [{ keyid: keyIdOf(key.open), sig: '' }] })),
      'not one of the key',
    ],
    [
      'the id of the key alone',
      again((it) => Object.assign(it, { signatures: [{ keyid: keyIdOf(key.open) }] })),
      'sig',
    ],
    [
      'its signature twice',
      again((it) =>
        Object.assign(it, { signatures: [...open(first.bytes).signatures, ...open(first.bytes).signatures] }),
      ),
      'signatures',
    ],
    ['the signature of another key', fileOf(recordOf(), other).bytes, 'no key that was given'],
    [
      'the signature of another key under the name of the right one',
      again((it) =>
        Object.assign(it, {
          signatures: [
            { keyid: keyIdOf(key.open), sig: open(fileOf(recordOf(), other).bytes).signatures[0].sig },
          ],
        }),
      ),
      'not one of the key',
    ],
    [
      'the name of another key',
      again((it) =>
        Object.assign(it, {
          signatures: [{ ...open(first.bytes).signatures[0], keyid: keyIdOf(other.open) }],
        }),
      ),
      'but names the key',
    ],
    [
      'the signature of another record',
      again((it) => Object.assign(it, { signatures: open(second.bytes).signatures })),
      'not one of the key',
    ],
    [
      'another payload type',
      again((it) => Object.assign(it, { payloadType: 'application/vnd.in-toto+json' })),
      'payloadType',
    ],
    [
      'another payload type that is signed',
      enveloped(runRecordText(recordOf()), 'application/vnd.in-toto+json'),
      'payloadType',
    ],
    [
      'a signature over another type',
      again((it) =>
        Object.assign(it, {
          signatures: open(enveloped(runRecordText(recordOf()), 'application/json')).signatures,
        }),
      ),
      'not one of the key',
    ],
    ['a field more', again((it) => Object.assign(it, { note: 'x' })), 'note'],
    [
      'base64 for URLs',
      again((it) =>
        Object.assign(it, {
          signatures: [
            {
              ...open(first.bytes).signatures[0],
              sig: `${open(first.bytes).signatures[0].sig.slice(0, -3)}-==`,
            },
          ],
        }),
      ),
      'signatures.0.sig',
    ],
    ['the spelling of other programs', Buffer.from(JSON.stringify(open(first.bytes), null, 2)), 'spelled'],
    ['a name twice', Buffer.from(first.bytes.toString().replace('{', '{"payload":"eA==",')), 'spelled'],
    [
      '__proto__',
      Buffer.from(first.bytes.toString().replace('{', '{"__proto__":{"signatures":[]},')),
      '__proto__',
    ],
    [
      '__proto__ in its record',
      enveloped(runRecordText(recordOf()).replace('{', '{"__proto__":{"round":7},')),
      '__proto__',
    ],
    [
      '__proto__ in a call',
      enveloped(runRecordText(recordOf()).replace('"allowed"', '"__proto__":{},"allowed"')),
      '__proto__',
    ],
    ['constructor', enveloped(runRecordText(recordOf()).replace('{', '{"constructor":{},')), 'constructor'],
    ['a record of another version', enveloped(canonicalJson({ ...recordOf(), version: 2 })), 'version'],
    ['a record in another spelling', enveloped(JSON.stringify(recordOf(), null, 1)), 'spelled'],
    ['a mark of order before it', Buffer.concat([Buffer.from('\ufeff'), first.bytes]), 'spelled'],
    ['a mark of order before its record', enveloped(`\ufeff${runRecordText(recordOf())}`), 'spelled'],
    ['bytes that are no text', enveloped(Buffer.from([0xff, 0xfe])), 'no JSON'],
    ['nothing', Buffer.alloc(0), 'no JSON'],
    ['null', Buffer.from('null\n'), 'no envelope'],
    ['a list', Buffer.from('[]\n'), 'no envelope'],
    ['17 MiB', Buffer.alloc(17 * 1024 * 1024, 0x20), 'larger'],
    ['a million brackets', Buffer.from('['.repeat(1_000_000) + ']'.repeat(1_000_000)), 'no envelope'],
    [
      'a million brackets in a field',
      Buffer.from(`{"payload":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`),
      'payload',
    ],
    [
      'a record of a million brackets',
      enveloped(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`),
      'no record',
    ],
    [
      'a million objects in a call',
      enveloped(
        runRecordText(recordOf()).replace(
          '"target":"#5"',
          `"target":${'{"a":'.repeat(1_000_000)}1${'}'.repeat(1_000_000)}`,
        ),
      ),
      'target',
    ],
  ])('is caught that has %s', (_, bytes, said) => {
    expect(firstWrong([{ name: first.name, bytes }], [key])).toContain(said);
  });

  it.each([
    ['the first one is gone', [second, third], '2 order: it follows a record of round 1, which is not there'],
    ['one in the middle is gone', [first, third], '3 order: it follows the record of round 2'],
    [
      'two are exchanged',
      [{ ...first, name: second.name }, { ...second, name: first.name }, third],
      '1 place',
    ],
    ['one stands twice', [first, { ...first, name: `1-${'f'.repeat(32)}.json` }, second, third], '1 place'],
    [
      'one is of another run of its round',
      [first, fileOf(recordOf({ lease: 'f'.repeat(32) }), key), second, third],
      '1 order: there are two',
    ],
    [
      'one is put in that was signed before the link',
      [first, fileOf(recordOf({ round: 2 }), key), third],
      '2 order: it says that it is the first',
    ],
    [
      'one is replaced by an older one of its place',
      [fileOf(recordOf({ agent: 'other' }), key), second, third],
      '2 order: it follows another record',
    ],
    [
      'one lost its signature, and the next one with it',
      [fileOf(recordOf(), undefined), second, third],
      '1 signature: it is not signed',
    ],
    [
      'one is of another issue',
      [fileOf(recordOf({ issue: 6 }), key), second, third],
      '1 place: its record is of Owner/Project#6',
    ],
    [
      'one is of another repository',
      [fileOf(recordOf({ repository: 'Owner/Other' }), key), second, third],
      '1 place: its record is of Owner/Other#5',
    ],
    [
      'something else stands there',
      [first, second, third, { name: 'notes.txt', bytes: Buffer.from('x') }],
      'null file: notes.txt',
    ],
    ['one cannot be read', [first, { name: second.name, bytes: undefined }, third], '2 file'],
    [
      'one is of round 0',
      [first, second, third, { ...first, name: `0-${'0'.repeat(32)}.json` }],
      'null file',
    ],
  ])('is caught where %s', (_, files, said) => {
    expect(firstWrong(files, [key])).toContain(said);
  });

  it.each([
    ['in between', 2, [first, 'lost', third], undefined],
    ['before all others', 1, ['lost', second], undefined],
    ['in between, which a later one follows', 2, [first, 'lost', 'after it'], undefined],
    ['in between, and the first one is gone', 2, ['lost', third], '2 order'],
  ])('fits where a run that lost its claim wrote its record late, %s', (_, round, order, said) => {
    const end = { how: 'claim-lost' as const, why: null, code: null, signal: null };
    const before = round === 1 ? null : { round: 1, digest: digestOf(first.bytes) };
    const lost = fileOf(recordOf({ round, end, previous: before }), key);
    const following = (previous: typeof before): typeof lost =>
      fileOf(recordOf({ round: round + 1, previous }), key);
    const late = { lost, 'after it': following({ round, digest: digestOf(lost.bytes) }) };
    // As the next run wrote it, before the late one was there.
    const files = order.map((item) =>
      typeof item === 'string' ? late[item as keyof typeof late] : item === first ? first : following(before),
    );

    const found = firstWrong(files, [key]);
    if (said === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(said);
  });

  it('is caught where all records are of another issue', () => {
    expect(firstWrong([first, second, third], [key], issueName('owner/project', 6))).toContain('1 place');
    // Names of repositories are the same in other letters.
    expect(firstWrong([first, second, third], [key], issueName('owner/PROJECT', 5))).toBeUndefined();
    expect(name.number).toBe(5);
  });
});

describe('the log of what an agent asked', () => {
  const whole = operations('read_issue', 'read_comments', 'post_comment', 'signal_done');
  const [a, b, c, d] = whole.entries;
  if (a === undefined || b === undefined || c === undefined || d === undefined)
    throw new Error('no log was made');
  const bent = (entries: typeof whole.entries, head = whole.head): string | undefined =>
    firstWrong([fileOf(recordOf({ operations: { head, entries } }), key)], [key]);

  it.each([
    ['the first call is gone', [b, c, d], whole.head, 'call 1'],
    ['one in the middle is gone', [a, b, d], whole.head, 'call 3'],
    ['the last one is gone', [a, b, c], whole.head, 'missing at the end'],
    ['all are gone', [], whole.head, 'missing at the end'],
    ['two are exchanged', [a, c, b, d], whole.head, 'call 2'],
    ['one stands twice', [a, b, b, c, d], whole.head, 'call 3'],
    ['the last one stands twice', [a, b, c, d, d], whole.head, 'call 5'],
    ['a refused one is allowed', [a, b, { ...c, allowed: true }, d], whole.head, 'call 3'],
    ['a call has another time', [{ ...a, at: '2026-01-01T10:00:01.000Z' }, b, c, d], whole.head, 'call 1'],
    ['the head is another', [a, b, c, d], c.hash, 'missing at the end'],
    ['there is no head', [a, b, c, d], '', 'missing at the end'],
  ])('is caught where %s, even if somebody with the key signs that', (_, entries, head, said) => {
    expect(bent(entries, head)).toContain(said);
  });

  it('fits where nobody touched it', () => {
    expect(bent([a, b, c, d])).toBeUndefined();
    expect(bent([], '0'.repeat(64))).toBeUndefined();
  });
});

it('the names of things do not matter to a signature: it is of the bytes', () => {
  const opened = openEnvelope(fileOf(recordOf(), key).bytes);
  if (!opened.ok) throw new Error(opened.fault);

  expect(isSignedBy(key.open, opened.payload, opened.signatures[0]?.sig ?? Buffer.alloc(0))).toBe(true);
  expect(isSignedBy(other.open, opened.payload, opened.signatures[0]?.sig ?? Buffer.alloc(0))).toBe(false);
  expect(digestOf('')).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
