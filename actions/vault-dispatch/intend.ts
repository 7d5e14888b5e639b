import type { Change } from '../../core/change.ts';
import type { StatusState } from '../../core/forge/statuses.ts';
import { code } from '../../core/text/inert.ts';
import { vaultActions } from '../../core/vault/action.ts';
import {
  type EndedRecord,
  type FiredRecord,
  firedFolder,
  type RejectedRecord,
  recordPath,
  recordText,
  rejectedFolder,
  type WithdrawnRecord,
  withdrawnFolder,
} from '../../core/vault/record.ts';
import type { Verdict } from '../../core/vault/verdict.ts';
import { workflowName } from '../../core/vault/workflow.ts';
import type { DispatchState, OpenState, WithdrawnAction } from './state.ts';
import { approvedBy, dispatchKey, inputsFor, reviewSign, statusContext, variablesFor } from './text.ts';

// What is written before anything is started, the start itself, and what the pull request is told of it.

type Asked = { id: string; file: string } & OpenState;
type StartChange = Change<'write-files' | 'dispatch' | 'start-pipeline'>;
type TellChange = Change<'set-status' | 'comment-section'>;

/** The intent, and the start that waits for it. Both in one go: whatever comes between them spends the id. */
export function intend(
  state: DispatchState,
  { id, file, blob, digest, nonce, candidate }: Asked,
  verdict: Extract<Verdict, { kind: 'allowed' }>,
): StartChange[] {
  const { action, formula, formulaBlob, workflow, place, tier, tierReason, pull, approvals } = verdict;
  const { run } = formula;
  const record: FiredRecord = {
    version: 2,
    id,
    formula: action.formula,
    tier,
    tier_reason: tierReason,
    action: { file, blob, digest },
    base: {
      commit: state.commit,
      formula_blob: formulaBlob,
      policy_blob: state.policyBlob,
      tiers_blob: state.tiersBlob,
    },
    pull,
    head: candidate.brought.kind === 'pull' ? candidate.brought.pull.headSha : null,
    approvals,
    intent: { nonce, at: state.now, by: state.account.login, run_url: state.runUrl },
    run: {
      backend: run.backend,
      repository: place.repository,
      workflow: run.workflow,
      workflow_file: workflow.file,
      workflow_blob: workflow.blob,
      commit: place.commit,
      inputs: inputsFor(action, nonce),
      ref: place.ref,
      timeout_minutes: action.timeout_minutes ?? formula.timeout_minutes,
      id: null,
      url: null,
    },
  };
  const brought = pull === null ? 'committed straight to main, which' : `#${pull}`;
  const key = `intent ${id}`;
  return [
    {
      ...writeRecord(state, {
        folder: firedFolder,
        record,
        expects: null,
        what: 'intend',
        why: `${tier} (${tierReason}); ${brought} ${approvals.length === 0 ? 'needs no approval' : `approved by ${approvedBy(approvals)}`}`,
      }),
      key,
    },
    // Nothing is started unless this very intent was written. Where the server turns the start down, the intent goes again: for
    // what surely did not start, an id is not spent.
    {
      ...start(record, {
        ...state.records,
        path: recordPath(firedFolder, id),
        content: recordText(record),
        like: blob,
      }),
      after: [key],
    },
  ];
}

/** What the record says, and nothing else: so what runs is what stands in the repository. */
function start(
  { id, formula, run, pull }: FiredRecord,
  taken: Change<'dispatch'>['record'],
): Change<'dispatch' | 'start-pipeline'> {
  const shared = {
    key: dispatchKey(id),
    repository: run.repository,
    workflow: workflowName(run),
    record: taken,
    why: `${id}, as ${pull === null ? 'main' : `#${pull}`} has it`,
  };
  return run.backend === 'forgejo-workflow'
    ? { ...shared, kind: 'dispatch', ref: run.commit, inputs: run.inputs }
    : { ...shared, kind: 'start-pipeline', branch: run.ref, variables: variablesFor(run.inputs, formula) };
}

/** The record that a merged action was not approved. */
export function reject(
  state: DispatchState,
  { id, file, blob, digest, candidate: { brought } }: Asked,
  reasons: string[],
): (Change<'write-files'> | TellChange)[] {
  const record: RejectedRecord = {
    version: 2,
    id,
    action: { file, blob, digest },
    reasons,
    at: state.now,
    by: state.account.login,
  };
  const pull = brought.kind === 'pull' ? brought.pull : undefined;
  return [
    writeRecord(state, {
      folder: rejectedFolder,
      record,
      expects: null,
      what: 'reject',
      why: reasons.join('; '),
    }),
    ...tellOutcome(
      state,
      { id, pull: pull?.number ?? null, head: pull?.headSha ?? null },
      { state: 'failure', what: `is turned down, and the id is spent: ${reasons.join('; ')}` },
    ),
  ];
}

/**
 * What was taken away before it started has no record of its own, and its pull request would say for ever that it waits. First it is
 * told, then it stands on record that it was: a run that ends in between tells it again, in the same words.
 */
export function withdraw(
  state: DispatchState,
  { id, commit, by, asked }: WithdrawnAction,
): (Change<'write-files'> | TellChange)[] {
  const how = by === null ? `by commit ${commit}` : `by #${by.number}`;
  const record: WithdrawnRecord = {
    version: 2,
    id,
    commit,
    by: by?.number ?? null,
    pull: asked?.number ?? null,
    at: state.now,
  };
  return [
    ...tellOutcome(
      state,
      { id, pull: asked?.number ?? null, head: asked?.head ?? null },
      {
        state: 'failure',
        what: `was withdrawn ${how} before it started, and does not run`,
        ...(by?.url == null ? {} : { url: by.url }),
      },
    ),
    writeRecord(state, {
      folder: `${withdrawnFolder}/${commit}`,
      record,
      expects: null,
      what: 'withdrawn',
      why: `${vaultActions}/${id}.toml was taken away ${how}`,
    }),
  ];
}

/** A record as a commit of its own: new, or in place of the blob that was read. */
export function writeRecord(
  { records }: DispatchState,
  given: {
    folder: string;
    record: FiredRecord | EndedRecord | RejectedRecord | WithdrawnRecord;
    expects: string | null;
    /** In a word, for the commit's message. */
    what: string;
    why: string;
  },
): Change<'write-files'> {
  const { folder, record, expects, what, why } = given;
  return {
    kind: 'write-files',
    ...records,
    files: [{ path: recordPath(folder, record.id), content: recordText(record), expects }],
    message: `vault: ${what} ${record.id}`,
    why,
  };
}

/** What became of an action, on the pull request that asked for it: in place of what was said of it before. */
export function tellOutcome(
  { repository }: DispatchState,
  { id, pull, head }: { id: string; pull: number | null; head: string | null },
  {
    state,
    what,
    url,
    comment,
  }: { state: StatusState; what: string; url?: string; comment?: { id: number; body: string } | undefined },
): TellChange[] {
  if (pull === null || head === null) return [];
  const shared = { repository, why: `${id} ${what}` };
  return [
    {
      ...shared,
      kind: 'set-status',
      commit: head,
      state,
      context: statusContext,
      description: `${id} ${what}`.slice(0, 140),
    },
    {
      ...shared,
      kind: 'comment-section',
      issue: pull,
      // Who asked may block our account, or somebody lock the conversation: what happened is on record all the same.
      mayDecline: true,
      sign: reviewSign,
      ...(comment === undefined ? {} : { known: comment }),
      text: `### ${code(id)}\n\n- ${code(what)}${url === undefined ? '' : `: ${url}`}`,
    },
  ];
}
