import { sameRepository } from '../../core/accounts.ts';
import { filesChangedIn } from '../../core/forge/commits.ts';
import { findFile } from '../../core/forge/contents.ts';
import { getBranch } from '../../core/forge/repositories.ts';
import type { RunFacts } from '../../core/host/host.ts';
import { writesFile } from '../../core/plan.ts';
import { actionId } from '../../core/vault/action.ts';
import {
  claimedFolder,
  claimRecord,
  type FiredRecord,
  firedFolder,
  readRecord,
  recordPath,
} from '../../core/vault/record.ts';
import { getPipeline, lookupRepository } from '../../core/woodpecker/pipelines.ts';
import { isWrittenBy, type Records, recordOf } from './read-records.ts';
import type { Context, GateFinding, NamedRun, Place } from './state.ts';

/** How long to wait before looking for the record again. */
const pauseMs = 5000;

/** The run that this step is part of, and the record that names it, which is waited for. */
export async function readGate(context: Context, records: Place): Promise<GateFinding> {
  const { settings, send, facts, clock, pause } = context;
  const { run, repository: ciRepository = '' } = facts;
  // Nothing to wait for: the plan refuses it.
  if (run === undefined) return { kind: 'no-run' };
  const until = clock().getTime() + settings['gate-wait'];
  for (let seen = ''; ; ) {
    const { commit: head } = await getBranch(send, records.repository, records.branch);
    if (head.id !== seen) {
      const at = { repository: records.repository, commit: head.id };
      const found = await findRecord(context, run, at);
      if (found !== undefined)
        return {
          kind: 'named',
          run,
          ciRepository,
          ...found,
          ...(await readRun(context, run, at, found.record)),
        };
      seen = head.id;
    }
    if (clock().getTime() >= until) return { kind: 'no-record', run, ciRepository };
    await pause(pauseMs, `no record names run ${run.id} yet`);
  }
}

/** What the run was told, which workflow it runs, and who claimed it. */
async function readRun(
  context: Context,
  run: RunFacts,
  records: Records,
  record: FiredRecord,
): Promise<Pick<NamedRun, 'inputs' | 'workflowBlob' | 'claim'>> {
  const { send, facts, previous } = context;
  const claimFile = recordPath(claimedFolder, record.id);
  const [found, workflow] = await Promise.all([
    findFile(send, records.repository, claimFile, records.commit),
    facts.commit === undefined
      ? undefined
      : findFile(send, record.run.repository, record.run.workflow_file, facts.commit),
  ]);
  const isOurs = previous?.done.some((change) => writesFile(change, claimFile)) === true;
  return {
    inputs: run.inputs ?? (await variablesOf(context, record)),
    workflowBlob: facts.commit === undefined ? null : (workflow?.sha ?? 'missing'),
    claim: found === undefined ? { kind: 'none' } : isOurs ? { kind: 'ours' } : claimIn(found.bytes),
  };
}

/** Somebody else's claim, or a file that is none. */
function claimIn(bytes: Uint8Array): NamedRun['claim'] {
  const record = readRecord(claimRecord, bytes);
  return record === undefined ? { kind: 'unreadable' } : { kind: 'theirs', record };
}

/** The newest record that names this very run, of those that changed lately. */
async function findRecord(
  context: Context,
  run: RunFacts,
  { repository, commit }: Records,
): Promise<Pick<NamedRun, 'record' | 'doubt'> | undefined> {
  const { settings, send, facts } = context;
  // Where the run says which action it is for, only that record can name it.
  const asked = run.inputs?.action;
  const files =
    asked === undefined
      ? (await filesChangedIn(send, repository, firedFolder, commit)).filter(
          (file) => file.startsWith(`${firedFolder}/`) && file.endsWith('.json'),
        )
      : actionId.test(asked)
        ? [recordPath(firedFolder, asked)]
        : [];
  for (const file of files) {
    const raw = await findFile(send, repository, file, commit);
    if (raw === undefined) continue;
    const id = file.slice(firedFolder.length + 1, -'.json'.length);
    const record = recordOf(raw.bytes, id);
    if (
      record === null ||
      record.run.id !== run.id ||
      record.run.backend !== run.backend ||
      !sameRepository(record.run.repository, facts.repository ?? '')
    )
      continue;
    const dispatcher = settings.dispatcher ?? settings['forge-login'];
    return {
      record,
      doubt: (await isWrittenBy(context, { repository, commit }, file, dispatcher))
        ? undefined
        : `${file} was not written by ${dispatcher} alone`,
    };
  }
  return undefined;
}

/** Woodpecker tells a plugin no variables; its API does, where a token is given. */
async function variablesOf(
  { woodpecker }: Context,
  { run }: FiredRecord,
): Promise<Record<string, string> | null> {
  if (run.backend !== 'woodpecker-pipeline' || woodpecker === undefined || run.id === null) return null;
  const { variables } = await getPipeline(
    woodpecker,
    await lookupRepository(woodpecker, run.repository),
    run.id,
  );
  return variables ?? {};
}
