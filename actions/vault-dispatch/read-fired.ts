import { alone } from '../../core/api/errors.ts';
import { once } from '../../core/api/once.ts';
import type { Snapshot } from '../../core/forge/snapshot.ts';
import type { TreeEntry } from '../../core/forge/trees.ts';
import type { User } from '../../core/forge/users.ts';
import type { Runs } from '../../core/forge/workflows.ts';
import { vaultActions } from '../../core/vault/action.ts';
import {
  endedFolder,
  endedRecord,
  type FiredRecord,
  firedRecord,
  readRecord,
} from '../../core/vault/record.ts';
import { workflowName } from '../../core/vault/workflow.ts';
import { findPipeline, getLogin, getPipeline, lookupRepository } from '../../core/woodpecker/pipelines.ts';
import type { ActionState, Context, EndedNow, SeenRecord, StartedRun } from './state.ts';
import { dispatchKey, variablesFor } from './text.ts';

/** An action that was started and did not end as far as is known; `now`: the blob of its file on the branch, if it is there. */
export async function readFired(
  context: Context,
  account: User,
  records: Snapshot,
  { id, entry, now, runs }: { id: string; entry: TreeEntry; now: string | undefined; runs: RunsSeen },
): Promise<ActionState> {
  const file = `${vaultActions}/${id}.toml`;
  const { value, trouble } = await alone(async (): Promise<ActionState> => {
    const found = await records.fileOf(entry);
    const record = found.kind === 'file' ? recordOf(found.bytes, id) : null;
    if (record === null) return { id, file, kind: 'fired', isEdited: false, record: { kind: 'unreadable' } };
    return {
      id,
      file,
      kind: 'fired',
      isEdited: now !== undefined && now !== record.action.blob,
      record: await seen(context, account, { record, blob: entry.sha, runs }),
    };
  });
  return value ?? { id, file, kind: 'troubled', trouble };
}

/** Where runs are looked for, and whether that is done for more than one. */
export interface RunsSeen {
  runs: Runs;
  areMany: boolean;
}

/** What is known of the run of a record. */
export async function seen(
  context: Context,
  account: User,
  { record, blob, runs }: { record: FiredRecord; blob: string; runs: RunsSeen },
): Promise<SeenRecord> {
  const { previous, woodpecker } = context;
  if (record.run.backend === 'woodpecker-pipeline' && woodpecker === undefined)
    return { kind: 'out-of-reach', record };
  const run = await runOf(context, account, record, runs);
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

/** The ends that this very run put on record, in all of its rounds. */
export function readEndedNow({ previous }: Pick<Context, 'previous'>): EndedNow[] {
  if (previous?.state.kind !== 'dispatch') return [];
  const { endedNow, actions } = previous.state;
  const edited = new Set(
    actions.flatMap((item) => (item.kind === 'fired' && item.isEdited ? [item.id] : [])),
  );
  const files = previous.done.flatMap((change) => (change.kind === 'write-files' ? change.files : []));
  const written = files
    .filter(({ path }) => path.startsWith(`${endedFolder}/`))
    .flatMap(({ content }) => readRecord(endedRecord, new TextEncoder().encode(content)) ?? []);
  return [...endedNow, ...written.map((record) => ({ record, isEdited: edited.has(record.id) }))];
}

/** The run of a record: by its id, or, where that is not on record, by what it was started with and by whom. */
async function runOf(
  { woodpecker, settings, kept }: Context,
  account: User,
  { formula, run, intent }: FiredRecord,
  { runs, areMany }: RunsSeen,
): Promise<StartedRun | null> {
  const { repository, inputs } = run;
  if (run.backend === 'forgejo-workflow') {
    const found =
      run.id !== null
        ? await runs.byId(repository, run.id, areMany)
        : await runs.find(repository, { by: account.id, inputs, since: intent.at });
    if (found === undefined) return null;
    const { id, html_url, status, created, commit_sha } = found;
    return { id, url: html_url, created, state: stateOf(status), commit: commit_sha, reason: null };
  }
  if (woodpecker === undefined) return null;
  const repositoryId = await once(kept, `woodpecker ${repository}`, () =>
    lookupRepository(woodpecker, repository),
  );
  const number =
    run.id ??
    (await findPipeline(woodpecker, repositoryId, {
      author: await getLogin(woodpecker),
      variables: variablesFor(inputs, formula),
      since: intent.at,
    }));
  if (number === undefined) return null;
  const { created, workflows, status, commit, errors } = await getPipeline(woodpecker, repositoryId, number);
  return {
    id: number,
    url: `${settings['woodpecker-url']}/repos/${repositoryId}/pipeline/${number}`,
    created: new Date(created * 1000).toISOString(),
    state: stateOfWorkflow(workflows ?? [], workflowName(run), stateOf(status)),
    commit: commit ?? null,
    reason: errors?.find(({ is_warning }) => is_warning !== true)?.message ?? null,
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
