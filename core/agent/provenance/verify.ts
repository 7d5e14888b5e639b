import type { KeyObject } from 'node:crypto';
import { type IssueName, recordFolder, roundOf, runRecordPath } from '../entry.ts';
import { type RunRecord, readRunRecord } from '../run-record.ts';
import { beforeTheFirst, firstBroken } from '../sidecar/operation-log.ts';
import { openEnvelope } from './envelope.ts';
import { keyIdOf } from './keys.ts';
import type { Finding } from './report.ts';
import { digestOf, isSignedBy } from './sign.ts';

// Whether the records of an issue are what the role wrote, as far as they tell it themselves. Pure.

/** A file as it stands directly in the folder of an issue's records; without bytes where it could not be read as one. */
export interface RecordFile {
  name: string;
  bytes: Uint8Array | undefined;
}

/** A file of that folder, opened as far as it goes. */
export interface Round {
  /** As its name says. */
  round: number;
  file: string;
  digest: string;
  signatures: { keyid: string; sig: Uint8Array }[];
  payload: Uint8Array | undefined;
  record: RunRecord | undefined;
  /** Why there is no record in it. */
  fault: string | undefined;
}

/** Every record of an issue, the first round first, and the names of what is no record at all. */
export function roundsOf(files: readonly RecordFile[]): { rounds: Round[]; strange: string[] } {
  const rounds: Round[] = [];
  const strange: string[] = [];
  for (const { name, bytes } of files) {
    const round = roundOf(name);
    if (round === undefined) strange.push(name);
    else rounds.push({ round, file: name, ...contentOf(bytes) });
  }
  rounds.sort((a, b) => a.round - b.round || (a.file < b.file ? -1 : 1));
  return { rounds, strange: strange.sort() };
}

function contentOf(bytes: Uint8Array | undefined): Omit<Round, 'round' | 'file'> {
  const nothing = { signatures: [], payload: undefined, record: undefined };
  if (bytes === undefined) return { ...nothing, digest: '', fault: 'it cannot be read as a file' };
  const digest = digestOf(bytes);
  const opened = openEnvelope(bytes);
  if (!opened.ok) return { ...nothing, digest, fault: opened.fault };
  const read = readRunRecord(opened.payload);
  return {
    digest,
    signatures: opened.signatures,
    payload: opened.payload,
    record: read.ok ? read.record : undefined,
    fault: read.ok ? undefined : `what it holds is no record: ${read.fault}`,
  };
}

/** What the files of the records say of themselves and of each other, a round after the other. */
export function verifyRounds(
  name: IssueName,
  { rounds, strange }: ReturnType<typeof roundsOf>,
  keys: readonly KeyObject[],
): Finding[] {
  return [
    ...strange.map((file) =>
      wrong(null, 'file', `${file} stands among the records, and no record has such a name`),
    ),
    ...rounds.flatMap((item, index) => verifyRound(name, item, beforeOf(item, rounds.slice(0, index)), keys)),
  ];
}

/**
 * The record that one has to follow: the last before it. A run that lost its claim may write its record when the next run has
 * begun, which then follows the one before that.
 */
function beforeOf({ round, record }: Round, earlier: readonly Round[]): Round | undefined {
  const follows = (item: Round | undefined): boolean =>
    (record?.previous ?? null) === null
      ? item === undefined
      : item?.round === record?.previous?.round && item?.digest === record?.previous?.digest;
  const last = earlier.at(-1);
  if (last?.round === round) return last;
  let at = earlier.length - 1;
  while (!follows(earlier[at]) && earlier[at]?.record?.end.how === 'claim-lost') at -= 1;
  return follows(earlier[at]) ? earlier[at] : last;
}

function verifyRound(
  name: IssueName,
  item: Round,
  before: Round | undefined,
  keys: readonly KeyObject[],
): Finding[] {
  const { round, record, fault } = item;
  if (record === undefined) return [wrong(round, 'file', `${item.file}: ${fault ?? 'it is no record'}`)];
  return [
    fits(round, 'file', `it is an envelope with a record, spelled as the role writes it`),
    placeOf(name, item, record),
    signatureOf(item, keys),
    orderOf(item, record, before),
    operationsOf(round, record),
  ];
}

function placeOf(name: IssueName, { round, file }: Round, record: RunRecord): Finding {
  const [owner = '', repo = ''] = record.repository.split('/');
  const own = { owner, repo, number: record.issue };
  if (recordFolder(own) !== recordFolder(name))
    return wrong(round, 'place', `its record is of ${record.repository}#${record.issue}`);
  const place = runRecordPath(own, record.round, record.lease).slice(recordFolder(own).length + 1);
  return place === file
    ? fits(round, 'place', 'it is of this issue, this round and this run')
    : wrong(round, 'place', `its record is of round ${record.round} and belongs into ${place}`);
}

function signatureOf({ round, signatures, payload }: Round, keys: readonly KeyObject[]): Finding {
  const [signature] = signatures;
  if (signature === undefined || payload === undefined) return wrong(round, 'signature', 'it is not signed');
  // The id of the key is not signed, so it decides nothing; but where it names another key, somebody changed it.
  const key = keys.find((item) => isSignedBy(item, payload, signature.sig));
  if (key === undefined) {
    const isOwn = keys.some((item) => keyIdOf(item) === signature.keyid);
    return wrong(
      round,
      'signature',
      isOwn
        ? `its signature is not one of the key that it names, ${signature.keyid}, over this record`
        : `its signature is of no key that was given; it names the key ${signature.keyid}`,
    );
  }
  const id = keyIdOf(key);
  return id === signature.keyid
    ? fits(round, 'signature', `it is signed by the key ${id}`)
    : wrong(round, 'signature', `it is signed by the key ${id}, but names the key ${signature.keyid}`);
}

function orderOf({ round }: Round, { previous }: RunRecord, before: Round | undefined): Finding {
  if (before?.round === round) return wrong(round, 'order', 'there are two records of this round');
  if (before === undefined)
    return previous === null
      ? fits(round, 'order', 'it is the first record')
      : wrong(round, 'order', `it follows a record of round ${previous.round}, which is not there`);
  if (previous === null)
    return wrong(round, 'order', `it says that it is the first, but there is one of round ${before.round}`);
  if (previous.round !== before.round)
    return wrong(
      round,
      'order',
      `it follows the record of round ${previous.round}, but the one before it is of round ${before.round}`,
    );
  return previous.digest === before.digest
    ? fits(round, 'order', `it follows the record of round ${before.round}, by its digest`)
    : wrong(
        round,
        'order',
        `it follows another record of round ${previous.round} than the one that is there`,
      );
}

function operationsOf(round: number, { operations: { head, entries } }: RunRecord): Finding {
  const broken = firstBroken(entries);
  if (broken !== undefined)
    return wrong(round, 'operations', `call ${broken + 1} of its log does not follow what stands before it`);
  const last = entries.at(-1)?.hash;
  // An agent that was never started has no log, and no head.
  const isHead = last === undefined ? head === '' || head === beforeTheFirst : head === last;
  return isHead
    ? fits(round, 'operations', `its log of ${entries.length} calls is unbroken, up to its head`)
    : wrong(round, 'operations', 'its log does not end at its head: calls are missing at the end');
}

/** A check that holds. `round`: the run it is about, or `null` for all of them. */
export function fits(round: number | null, check: Finding['check'], said: string): Finding {
  return { verdict: 'fits', round, check, said };
}

/** A check that does not hold: a record says something else than what is there. */
export function wrong(round: number | null, check: Finding['check'], said: string): Finding {
  return { verdict: 'does-not-fit', round, check, said };
}

/** What could not be checked, which is neither. */
export function unchecked(round: number | null, check: Finding['check'], said: string): Finding {
  return { verdict: 'not-checked', round, check, said };
}
