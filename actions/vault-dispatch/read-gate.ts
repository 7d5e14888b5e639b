import { sameRepository } from '../../core/accounts.ts';
import { once } from '../../core/api/once.ts';
import { getBranch } from '../../core/forge/branches.ts';
import { commitsFrom } from '../../core/forge/commits.ts';
import { createSnapshot } from '../../core/forge/snapshot.ts';
import type { RunFacts } from '../../core/host/host.ts';
import { writesFile } from '../../core/plan.ts';
import { runNumber } from '../../core/run-number.ts';
import { actionId } from '../../core/vault/action.ts';
import { type Records, recordsAt } from '../../core/vault/read-records.ts';
import {
  claimedFolder,
  claimRecord,
  type FiredRecord,
  firedFolder,
  readRecord,
  recordPath,
} from '../../core/vault/record.ts';
import { getPipeline, lookupRepository } from '../../core/woodpecker/pipelines.ts';
import { recordOf } from './read-fired.ts';
import type { Context, GateFinding, NamedRun, Place } from './state.ts';

/** How long to wait before looking for the record again. */
const pauseMs = 5000;

/** Where a gate reads, and where it claims. */
interface GatePlaces {
  records: Place;
  claims: Place;
}

/** The run that this step is part of, and the record that names it, which is waited for. */
export async function readGate(context: Context, places: GatePlaces): Promise<GateFinding> {
  const { settings, send, facts, kept, clock, pause } = context;
  const { records } = places;
  const { run, repository: ciRepository = '' } = facts;
  // Nothing to wait for: the plan refuses it.
  if (run === undefined) return { kind: 'no-run' };
  const until = clock().getTime() + settings['gate-wait'];
  for (let seen = ''; ; ) {
    const { commit: head } = await getBranch(send, records.repository, records.branch);
    if (head.id !== seen) {
      const at = await recordsAt(send, records.repository, head.id, kept);
      const found = await findRecord(context, run, records.repository, at);
      if (found.kind === 'named')
        return {
          ...found,
          run,
          ciRepository,
          commit: facts.commit ?? null,
          hasEnded: at.ended.has(found.record.id),
          ...(await readRun(context, run, places, found.record)),
        };
      if (found.kind === 'hopeless') return found;
      seen = head.id;
    }
    if (clock().getTime() >= until) return { kind: 'no-record', run, ciRepository };
    await pause(pauseMs, `no record names run ${runNumber({ id: run.id, url: facts.runUrl })} yet`);
  }
}

/** What the run was told, and who claimed it. */
async function readRun(
  context: Context,
  run: RunFacts,
  { claims }: GatePlaces,
  record: FiredRecord,
): Promise<Pick<NamedRun, 'inputs' | 'claim'>> {
  const { send, kept, previous } = context;
  const claimFile = recordPath(claimedFolder, record.id);
  const { commit } = await getBranch(send, claims.repository, claims.branch);
  const found = await createSnapshot(send, claims.repository, kept).fileAt(commit.id, claimFile);
  const isOurs = previous?.done.some((change) => writesFile(change, claimFile)) === true;
  return {
    inputs: run.inputs ?? (await variablesOf(context, record)),
    claim:
      found.kind === 'missing'
        ? { kind: 'none' }
        : found.kind !== 'file'
          ? { kind: 'unreadable' }
          : isOurs
            ? { kind: 'ours' }
            : claimIn(found.bytes),
  };
}

/** Somebody else's claim, or a file that is none. */
function claimIn(bytes: Uint8Array): NamedRun['claim'] {
  const record = readRecord(claimRecord, bytes);
  return record === undefined ? { kind: 'unreadable' } : { kind: 'theirs', record };
}

type Found =
  | { kind: 'named'; record: FiredRecord }
  /** An intent waits for its run, and this may be it. */
  | { kind: 'none' }
  | { kind: 'hopeless'; why: string };

/**
 * The record that names this very run. An intent stands on record before anything is started: so where none waits for a run
 * that this one could be, no waiting will bring one.
 */
async function findRecord(
  context: Context,
  run: RunFacts,
  repository: string,
  records: Records,
): Promise<Found> {
  const { send, facts, kept } = context;
  const snapshot = createSnapshot(send, repository, kept);
  const asked = run.inputs?.action;
  const ids =
    asked === undefined
      ? (await commitsFrom(send, repository, records.commit, { page: 1, path: firedFolder }))
          .flatMap(({ files }) => files.map(({ path }) => path))
          .filter((file) => file.startsWith(`${firedFolder}/`) && file.endsWith('.json'))
          .map((file) => file.slice(firedFolder.length + 1, -'.json'.length))
      : [asked];
  let isAwaited = false;
  for (const id of new Set(ids)) {
    const file = await snapshot.fileOf(actionId.test(id) ? records.fired.get(id) : undefined);
    const record = file.kind === 'file' ? recordOf(file.bytes, id) : null;
    if (
      record === null ||
      record.run.backend !== run.backend ||
      !sameRepository(record.run.repository, facts.repository ?? '')
    )
      continue;
    if (record.run.id === run.id) return { kind: 'named', record };
    const nonce = run.inputs?.nonce;
    if (record.run.id === null && (nonce === undefined || nonce === record.intent.nonce)) isAwaited = true;
  }
  return isAwaited
    ? { kind: 'none' }
    : {
        kind: 'hopeless',
        why: `no intent on record waits for run ${runNumber({ id: run.id, url: facts.runUrl })}`,
      };
}

/** Woodpecker tells a plugin no variables; its API does, where a token is given. */
async function variablesOf(
  { woodpecker, kept }: Context,
  { run }: FiredRecord,
): Promise<Record<string, string> | null> {
  if (run.backend !== 'woodpecker-pipeline' || woodpecker === undefined || run.id === null) return null;
  const { variables } = await getPipeline(
    woodpecker,
    await once(kept, `woodpecker ${run.repository}`, () => lookupRepository(woodpecker, run.repository)),
    run.id,
  );
  return variables ?? {};
}
