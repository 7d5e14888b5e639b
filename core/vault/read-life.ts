import type { Kept } from '../api/once.ts';
import type { Send } from '../api/send.ts';
import { createSnapshot, type FileAt } from '../forge/snapshot.ts';
import type { BranchGuard } from './guard.ts';
import { readBranchGuard } from './read-guard.ts';
import { formerIds } from './read-records.ts';
import {
  type ClaimRecord,
  claimedFolder,
  claimRecord,
  claimsBranch,
  type EndedRecord,
  earlierFolder,
  endedFolder,
  endedRecord,
  type FiredRecord,
  firedFolder,
  firedRecord,
  type RejectedRecord,
  readRecord,
  recordPath,
  recordsBranch,
  rejectedFolder,
  rejectedRecord,
} from './record.ts';

/** A record that is there or not; `unreadable` is one that is there and is none. */
export type Found<T> = { kind: 'missing' } | { kind: 'unreadable' } | { kind: 'record'; record: T };

/** Everything that stands on record of one action. */
export interface Life {
  /** How the branches are guarded: what stands on one that is not may have been written by anybody. */
  guards: { records: BranchGuard; claims: BranchGuard };
  fired: Found<FiredRecord>;
  ended: Found<EndedRecord>;
  rejected: Found<RejectedRecord>;
  claimed: Found<ClaimRecord>;
  /** From before records had a branch of their own: spent, and nothing more is known. */
  isEarlier: boolean;
}

/** What stands on record of an action; `commit` is that of the ops repo's own branch. */
export async function readLife(
  send: Send,
  kept: Kept,
  { ops, commit, records, id }: { ops: string; commit: string; records: string; id: string },
): Promise<Life> {
  const [ofRecords, ofClaims] = await Promise.all([
    readBranchGuard(send, records, recordsBranch),
    readBranchGuard(send, records, claimsBranch),
  ]);
  const snapshot = createSnapshot(send, records, kept);
  const at = async (from: string | null, folder: string): Promise<FileAt> =>
    from === null ? { kind: 'missing' } : snapshot.fileAt(from, recordPath(folder, id));
  const [fired, ended, rejected, earlier, claimed, former] = await Promise.all([
    at(ofRecords.commit, firedFolder),
    at(ofRecords.commit, endedFolder),
    at(ofRecords.commit, rejectedFolder),
    at(ofRecords.commit, earlierFolder),
    at(ofClaims.commit, claimedFolder),
    formerIds(createSnapshot(send, ops, kept), commit),
  ]);
  return {
    guards: { records: ofRecords.guard, claims: ofClaims.guard },
    fired: asRecord(fired, (bytes) => readRecord(firedRecord, bytes)),
    ended: asRecord(ended, (bytes) => readRecord(endedRecord, bytes)),
    rejected: asRecord(rejected, (bytes) => readRecord(rejectedRecord, bytes)),
    claimed: asRecord(claimed, (bytes) => readRecord(claimRecord, bytes)),
    isEarlier: earlier.kind !== 'missing' || former.has(id),
  };
}

function asRecord<T>(found: FileAt, read: (bytes: Uint8Array) => T | undefined): Found<T> {
  if (found.kind === 'missing') return { kind: 'missing' };
  const record = found.kind === 'file' ? read(found.bytes) : undefined;
  return record === undefined ? { kind: 'unreadable' } : { kind: 'record', record };
}

/** How far an action has come, in a word or two; `null` where nothing stands on record. */
export function outcomeOf({ guards, fired, ended, rejected, isEarlier }: Life): string | null {
  const found = (): string | null => {
    if (rejected.kind !== 'missing') return 'rejected';
    if (ended.kind === 'record') return ended.record.outcome;
    if (ended.kind === 'unreadable' || fired.kind === 'unreadable') return 'a record that cannot be read';
    if (fired.kind === 'record') return fired.record.run.id === null ? 'intended' : 'dispatched';
    return isEarlier ? 'used before records had a branch of their own' : null;
  };
  const outcome = found();
  return outcome !== null && !isEarlier && guards.records.kind !== 'guarded'
    ? `${outcome}, as a branch says that anybody who may push could have written to`
    : outcome;
}
