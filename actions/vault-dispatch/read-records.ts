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
import type { Context, FiredState, StartedRun } from './state.ts';
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
  { repository, commit }: Records,
  id: string,
): Promise<FiredState> {
  const { send, previous } = context;
  const place = recordPath(firedFolder, id);
  const { bytes, sha } = await getFile(send, repository, place, commit);
  const record = recordOf(bytes, id);
  return {
    record,
    blob: sha,
    isOurs: await isWrittenBy(context, { repository, commit }, place, account.login),
    run: record !== null && !isFinal(record) ? await runOf(context, account, record) : null,
    isOutOfReach: record?.run.backend === 'woodpecker-pipeline' && context.woodpecker === undefined,
    isFresh: previous?.done.some((change) => writesFile(change, place)) === true,
    isStarted: previous?.done.some((change) => change.key === dispatchKey(id)) === true,
  };
}

/** What is no record of this id is none. */
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
    history.length > 0 && history.every(({ author }) => author?.login.toLowerCase() === login.toLowerCase())
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
  const own = (workflows ?? [])
    .filter(({ name }) => name === workflowName(run))
    .map(({ state }) => stateOf(state));
  return {
    id: number,
    url: `${settings['woodpecker-url']}/repos/${repositoryId}/pipeline/${number}`,
    created: new Date(created * 1000).toISOString(),
    // A pipeline runs every workflow that is started by hand; how the others end is not this action's affair. One that
    // never came to have it did not run it.
    state:
      own.length > 0
        ? // A matrix has several of that name, and all of them are what was asked for.
          ((['running', 'failure', 'cancelled'] as const).find((state) => own.includes(state)) ?? 'success')
        : stateOf(status) === 'running'
          ? 'running'
          : 'failure',
  };
}

/** The words of both: Forgejo's run statuses, and Woodpecker's states of pipelines and workflows. */
function stateOf(status: string): StartedRun['state'] {
  if (status === 'success') return 'success';
  if (['failure', 'error'].includes(status)) return 'failure';
  if (['cancelled', 'skipped', 'killed', 'canceled', 'declined'].includes(status)) return 'cancelled';
  return 'running';
}
