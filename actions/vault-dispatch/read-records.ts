import { sameLogin } from '../../core/accounts.ts';
import { commitsOfPath } from '../../core/forge/commits.ts';
import { getFile } from '../../core/forge/contents.ts';
import type { User } from '../../core/forge/users.ts';
import { findRun, getRun } from '../../core/forge/workflows.ts';
import { writesFile } from '../../core/plan.ts';
import {
  type FiredRecord,
  firedFolder,
  firedRecord,
  isFinal,
  readRecord,
  recordPath,
} from '../../core/vault/record.ts';
import { workflowName } from '../../core/vault/workflow.ts';
import { findPipeline, getLogin, getPipeline, lookupRepository } from '../../core/woodpecker/pipelines.ts';
import type { Context, FiredState, SeenRecord, StartedRun } from './state.ts';
import { dispatchKey, variablesFor } from './text.ts';

/** Where records are read from. */
export interface Records {
  repository: string;
  commit: string;
}

/** The record of an action, whether it is to be believed, and how its run is doing. */
export async function readFired(
  context: Context,
  account: User,
  records: Records,
  { id, blob }: { id: string; blob: string },
): Promise<Omit<FiredState, 'kind'>> {
  const { send } = context;
  const place = recordPath(firedFolder, id);
  const { bytes, sha } = await getFile(send, records.repository, place, records.commit);
  const record = recordOf(bytes, id);
  const isOurs = await isWrittenBy(context, records, place, account.login);
  if (record === null || !isOurs)
    return { isEdited: false, record: { kind: 'foreign', isRecord: record !== null } };
  return {
    isEdited: record.action.blob !== blob,
    record: await seen(context, account, record, sha),
  };
}

/** What is known of the run of a record that is ours. */
async function seen(context: Context, account: User, record: FiredRecord, blob: string): Promise<SeenRecord> {
  const { previous, woodpecker } = context;
  const place = recordPath(firedFolder, record.id);
  if (isFinal(record))
    return {
      kind: 'final',
      record,
      wroteItNow: previous?.done.some((change) => writesFile(change, place)) === true,
    };
  if (record.run.backend === 'woodpecker-pipeline' && woodpecker === undefined)
    return { kind: 'out-of-reach', record };
  const run = await runOf(context, account, record);
  if (run !== null) return { kind: 'seen', record, blob, run };
  const key = dispatchKey(record.id);
  return {
    kind: 'unseen',
    record,
    startedItNow: previous?.done.some((change) => change.key === key) === true,
  };
}

/** A file as the record of this id, or `null` when it is none, or another's. */
export function recordOf(bytes: Uint8Array, id: string): FiredRecord | null {
  const record = readRecord(firedRecord, bytes);
  return record?.id === id ? record : null;
}

/** Whether every commit of a file names this account as its author. */
export async function isWrittenBy(
  { send }: Pick<Context, 'send'>,
  { repository, commit }: Records,
  path: string,
  login: string,
): Promise<boolean> {
  const history = await commitsOfPath(send, repository, path, commit);
  return (
    history.length > 0 && history.every(({ author }) => author != null && sameLogin(author.login, login))
  );
}

/** The run of a record: by its id, or, where that is not on record, by what it was started with and by whom. */
async function runOf(
  { send, woodpecker, settings }: Context,
  account: User,
  { formula, run, intent }: FiredRecord,
): Promise<StartedRun | null> {
  const { repository, inputs } = run;
  if (run.backend === 'forgejo-workflow') {
    const found =
      run.id !== null
        ? await getRun(send, repository, run.id)
        : await findRun(send, repository, { by: account.id, inputs, since: intent.at });
    if (found === undefined) return null;
    const { id, html_url, status, created } = found;
    return { id, url: html_url, created, state: stateOf(status) };
  }
  if (woodpecker === undefined) return null;
  const repositoryId = await lookupRepository(woodpecker, repository);
  const number =
    run.id ??
    (await findPipeline(woodpecker, repositoryId, {
      author: await getLogin(woodpecker),
      variables: variablesFor(inputs, formula),
      since: intent.at,
    }));
  if (number === undefined) return null;
  const { created, workflows, status } = await getPipeline(woodpecker, repositoryId, number);
  return {
    id: number,
    url: `${settings['woodpecker-url']}/repos/${repositoryId}/pipeline/${number}`,
    created: new Date(created * 1000).toISOString(),
    state: stateOfWorkflow(workflows ?? [], workflowName(run), stateOf(status)),
  };
}

/**
 * How one workflow of a Woodpecker pipeline is doing. A pipeline runs every workflow that is started by hand, and how the
 * others end is not this action's affair.
 */
function stateOfWorkflow(
  workflows: { name: string; state: string }[],
  name: string,
  ofPipeline: StartedRun['state'],
): StartedRun['state'] {
  const own = workflows.filter((item) => item.name === name).map(({ state }) => stateOf(state));
  // A pipeline that is over and never had the workflow did not run the action.
  if (own.length === 0) return ofPipeline === 'running' ? 'running' : 'failure';
  // A matrix has several workflows of one name, and what was asked for is all of them: the worst of them counts.
  return (['running', 'failure', 'cancelled'] as const).find((state) => own.includes(state)) ?? 'success';
}

/** The words of both: Forgejo's run statuses, and Woodpecker's states of pipelines and workflows. */
function stateOf(status: string): StartedRun['state'] {
  if (status === 'success') return 'success';
  if (['failure', 'error'].includes(status)) return 'failure';
  if (['cancelled', 'skipped', 'killed', 'canceled', 'declined'].includes(status)) return 'cancelled';
  return 'running';
}
