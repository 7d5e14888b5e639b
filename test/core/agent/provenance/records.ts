import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type IssueName, issueName } from '../../../../core/agent/entry.ts';
import { privateKeyIn } from '../../../../core/agent/provenance/keys.ts';
import { outcomeOf } from '../../../../core/agent/provenance/report.ts';
import { digestOf, recordFile } from '../../../../core/agent/provenance/sign.ts';
import { type RecordFile, roundsOf, verifyRounds } from '../../../../core/agent/provenance/verify.ts';
import type { RunRecord } from '../../../../core/agent/run-record.ts';
import { beforeTheFirst, type Operation } from '../../../../core/agent/sidecar/operation-log.ts';
import { canonicalJson, sha256 } from '../../../../core/canonical.ts';

export const name: IssueName = issueName('Owner/Project', 5);

export interface Pair {
  secret: string;
  open: KeyObject;
  pem: string;
}

export function keyPair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const secret = privateKeyIn(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  if (secret === undefined) throw new Error('no key was made');
  return { secret, open: publicKey, pem: publicKey.export({ format: 'pem', type: 'spki' }).toString() };
}

/** Calls of an agent, chained as the role chains them. */
export function operations(...tools: string[]): RunRecord['operations'] {
  const entries: Operation[] = [];
  let head = beforeTheFirst;
  for (const tool of tools) {
    const rest = {
      at: '2026-01-01T10:00:00.000Z',
      tool,
      target: '#5',
      allowed: tool !== 'post_comment',
      ...(tool === 'post_comment' ? { why: 'it is not writable' } : {}),
      previous: head,
    };
    head = sha256(canonicalJson(rest));
    entries.push({ ...rest, hash: head });
  }
  return { head, entries };
}

export function recordOf(over: Partial<RunRecord> = {}): RunRecord {
  return {
    version: 1,
    repository: 'Owner/Project',
    issue: 5,
    round: 1,
    lease: '0'.repeat(31) + String(over.round ?? 1),
    previous: null,
    agent: 'builder',
    profile: null,
    manifest: { repository: 'Owner/ops', file: 'agents/builder.toml', blob: 'b'.repeat(40), prompt: null },
    given_by: 'ada',
    member: null,
    base: { branch: 'main', commit: 'a'.repeat(40), merged: null },
    woken_by: [],
    resumed: false,
    session: null,
    engine: { name: 'command', version: null },
    model: null,
    isolation: { level: 'user', network: 'open', keeps_not_out: ['It reads what everybody may read.'] },
    started_at: '2026-01-01T10:00:00.000Z',
    ended_at: '2026-01-01T10:05:00.000Z',
    end: { how: 'signalled', why: null, code: 0, signal: null },
    signal: { status: 'success', summary: 'Done – ✓' },
    work: { kind: 'nothing' },
    secrets_searched: 'nothing to search',
    checks: [],
    models: null,
    egress: 'not observed',
    operations: operations('read_issue', 'read_comments', 'post_comment', 'signal_done'),
    git_user: { name: 'builder', email: 'crew@noreply.invalid' },
    run_url: null,
    ...over,
  };
}

export function fileOf(record: RunRecord, key: Pair | undefined): RecordFile & { bytes: Buffer } {
  return {
    name: `${record.round}-${record.lease}.json`,
    bytes: Buffer.from(recordFile(record, key?.secret), 'utf8'),
  };
}

/** Records of several rounds, each of which names the one before it. */
export function chain(key: Pair, records: Partial<RunRecord>[]): (RecordFile & { bytes: Buffer })[] {
  const files: (RecordFile & { bytes: Buffer })[] = [];
  let previous: RunRecord['previous'] = null;
  for (const [index, over] of records.entries()) {
    const record = recordOf({ round: index + 1, previous, ...over });
    const file = fileOf(record, key);
    previous = { round: record.round, digest: digestOf(file.bytes) };
    files.push(file);
  }
  return files;
}

/** What a look at the files finds first; undefined where all fits. */
export function firstWrong(
  files: readonly RecordFile[],
  keys: readonly Pair[],
  of = name,
): string | undefined {
  const { first } = outcomeOf(
    verifyRounds(
      of,
      roundsOf(files),
      keys.map(({ open }) => open),
    ),
  );
  return first === null ? undefined : `${first.round} ${first.check}: ${first.said}`;
}
