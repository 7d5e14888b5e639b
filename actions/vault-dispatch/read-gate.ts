import { filesChangedIn } from '../../core/forge/commits.ts';
import { findFile } from '../../core/forge/contents.ts';
import { getBranch } from '../../core/forge/repositories.ts';
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
import { isWrittenBy, recordOf } from './read-records.ts';
import type { Context, GateState } from './state.ts';

/** How long to wait before looking for the record again. */
const pauseMs = 5000;

/** The run that this step is part of, and the record that names it, which is waited for. */
export async function readGate(
  context: Context,
  records: { repository: string; branch: string },
): Promise<GateState> {
  const { settings, send, facts, previous, clock, pause } = context;
  const run = facts.run ?? null;
  const state: GateState = {
    run,
    repository: facts.repository ?? '',
    record: null,
    doubt: undefined,
    inputs: run?.inputs ?? null,
    workflowBlob: null,
    claim: null,
    isClaimedByUs: false,
    isDryRun: settings['dry-run'],
  };
  // Nothing to wait for: the plan refuses it.
  if (run === null) return state;
  const until = clock().getTime() + settings['gate-wait'];
  let commit = '';
  for (;;) {
    const { commit: head } = await getBranch(send, records.repository, records.branch);
    if (head.id !== commit) {
      commit = head.id;
      const found = await findRecord(context, { repository: records.repository, commit });
      if (found !== undefined) {
        Object.assign(state, found);
        break;
      }
    }
    if (clock().getTime() >= until) return state;
    await pause(pauseMs, `no record names run ${run.id} yet`);
  }
  const { record } = state;
  if (record === null) return state;
  const claimFile = recordPath(claimedFolder, record.id);
  const [claim, workflow] = await Promise.all([
    findFile(send, records.repository, claimFile, commit),
    facts.commit === undefined
      ? undefined
      : findFile(send, record.run.repository, record.run.workflow_file, facts.commit),
  ]);
  return {
    ...state,
    inputs: state.inputs ?? (await variablesOf(context, record)),
    workflowBlob: facts.commit === undefined ? null : (workflow?.sha ?? 'missing'),
    claim: claim === undefined ? null : (readRecord(claimRecord, claim.bytes) ?? 'unreadable'),
    isClaimedByUs: previous?.done.some((change) => writesFile(change, claimFile)) === true,
  };
}

/** The newest record that names this very run, of those that changed lately. */
async function findRecord(
  context: Context,
  { repository, commit }: { repository: string; commit: string },
): Promise<Pick<GateState, 'record' | 'doubt'> | undefined> {
  const { settings, send, facts } = context;
  const { run } = facts;
  // Where the run says which action it is for, only that record can name it.
  const asked = run?.inputs?.action;
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
      record.run.id !== run?.id ||
      record.run.backend !== run.backend ||
      record.run.repository.toLowerCase() !== facts.repository?.toLowerCase()
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
