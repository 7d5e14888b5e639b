import type { Change } from '../../core/change.ts';
import {
  type FiredRecord,
  firedFolder,
  type RejectedRecord,
  recordPath,
  recordText,
  rejectedFolder,
} from '../../core/vault/record.ts';
import type { Verdict } from '../../core/vault/verdict.ts';
import { workflowName } from '../../core/vault/workflow.ts';
import type { DispatchState, OpenState } from './state.ts';
import { approvedBy, dispatchKey, inputsFor, variablesFor } from './text.ts';

// What is written before anything is started, and the start itself.

type Asked = { id: string; file: string } & OpenState;
type StartChange = Change<'write-files' | 'dispatch' | 'start-pipeline'>;

/** The intent, and the start that waits for it. Both in one go: whatever comes between them spends the id. */
export function intend(
  state: DispatchState,
  { id, file, blob, digest, nonce }: Asked,
  verdict: Extract<Verdict, { kind: 'allowed' }>,
): StartChange[] {
  const { action, formula, formulaBlob, workflow, tier, tierReason, pull, approvals } = verdict;
  const { run } = formula;
  const record: FiredRecord = {
    version: 1,
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
    approvals,
    intent: { nonce, at: state.now, by: state.account.login, run_url: state.runUrl },
    run: {
      backend: run.backend,
      repository: run.repo ?? state.repository,
      workflow: run.workflow,
      workflow_file: workflow.file,
      workflow_blob: workflow.blob,
      inputs: inputsFor(action, nonce),
      ref: run.ref ?? state.branch,
      timeout_minutes: action.timeout_minutes ?? formula.timeout_minutes,
      id: null,
      url: null,
    },
    outcome: 'intended',
    finished: null,
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
    // Nothing is started unless this very intent was written.
    { ...start(record), after: [key] },
  ];
}

/** What the record says, and nothing else: so what runs is what stands in the repository. */
function start({ id, formula, run, pull }: FiredRecord): StartChange {
  const shared = {
    key: dispatchKey(id),
    repository: run.repository,
    workflow: workflowName(run),
    why: `${id}, as ${pull === null ? 'main' : `#${pull}`} has it`,
  };
  return run.backend === 'forgejo-workflow'
    ? { ...shared, kind: 'dispatch', ref: run.ref, inputs: run.inputs }
    : { ...shared, kind: 'start-pipeline', branch: run.ref, variables: variablesFor(run.inputs, formula) };
}

/** The record that a merged action was not approved. */
export function reject(
  state: DispatchState,
  { id, file, blob, digest }: Asked,
  reasons: string[],
): Change<'write-files'> {
  const record: RejectedRecord = {
    version: 1,
    id,
    action: { file, blob, digest },
    reasons,
    at: state.now,
    by: state.account.login,
  };
  return writeRecord(state, {
    folder: rejectedFolder,
    record,
    expects: null,
    what: 'reject',
    why: reasons.join('; '),
  });
}

/** A record as a commit of its own: new, or in place of the blob that was read. */
export function writeRecord(
  { records }: DispatchState,
  given: {
    folder: string;
    record: FiredRecord | RejectedRecord;
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
