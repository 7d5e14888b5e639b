import type { Change } from '../../core/change.ts';
import { keep, notice, refuse, refuseFor } from '../../core/plan.ts';
import { firstLine } from '../../core/text/markdown.ts';
import type { AskedAction, Tier } from '../../core/vault/action.ts';
import { type Approval, proveApproval } from '../../core/vault/approval.ts';
import { disagreements, type Formula } from '../../core/vault/formula.ts';
import { frozenAt, type Policy, type Rule, ruleOf, tierOf } from '../../core/vault/policy.ts';
import {
  type FiredRecord,
  firedFolder,
  isFinal,
  type RejectedRecord,
  recordPath,
  recordText,
  rejectedFolder,
} from '../../core/vault/record.ts';
import { workflowName } from '../../core/vault/workflow.ts';
import { gate } from './gate.ts';
import { exposedTo, ownAccounts, workflowFaults } from './judge.ts';
import { review } from './review.ts';
import type {
  ActionState,
  Candidate,
  FiredState,
  LocalState,
  StartedRun,
  VaultSettings,
  VaultState,
} from './state.ts';
import { dispatchKey, inputsFor, variablesFor } from './text.ts';

/** The kinds of change this role may plan. */
export const changes = [
  'keep',
  'refuse',
  'write-files',
  'dispatch',
  'start-pipeline',
  'approve-pull',
  'merge-pull',
  'set-status',
  'comment',
  'update-comment',
] as const;
type VaultChange = Change<(typeof changes)[number]>;

/** How long another run may take from its intent to its dispatch before nobody believes in it any more. */
const patience = 15 * 60_000;

/**
 * Each action goes its own way: asked, proven, intended, started, finished. Nothing is started before its intent stands
 * in the repository, and an intent that another run wrote is never acted on: so nothing is started twice.
 */
export function plan(settings: VaultSettings, state: VaultState): VaultChange[] {
  if (state.local !== null) return validate(state.local);
  if (state.gate !== null) return gate(state, state.gate);
  const { policy } = state;
  if (!policy.ok) return policy.faults.map((fault) => refuse(fault));
  if (settings.mode === 'review') return review(settings, state, policy.document);
  const planned = state.actions.map((action) => ({
    action,
    changes: decide(settings, state, policy.document, action),
  }));
  const ready = planned.filter(({ changes: own }) => own.some(starts));
  if (ready.length <= settings['max-dispatches']) return planned.flatMap(({ changes: own }) => own);
  // What was started before is followed all the same.
  return [
    refuseFor(
      '',
      `${ready.length} actions are ready, which is more than max-dispatches (${settings['max-dispatches']}), so none of them is started: look at them, then raise it`,
    ),
    ...planned.filter((item) => !ready.includes(item)).flatMap(({ changes: own }) => own),
  ];
}

/** On a pull request's own pipeline: whether its documents can be read, and agree with each other. */
function validate({ actions, formulas, policy }: LocalState): VaultChange[] {
  const faults = [...actions, ...formulas, { parsed: policy }].flatMap(({ parsed }) =>
    parsed.ok ? [] : parsed.faults,
  );
  const wrong = actions.flatMap(({ file, parsed }) => {
    if (!parsed.ok || parsed.document.kind !== 'formula') return [];
    const { document } = parsed;
    const formula = formulas.find(
      (item) => item.parsed.ok && item.parsed.document.name === document.formula,
    )?.parsed;
    if (formula === undefined)
      return [refuseFor(file, `there is no formula vault/formulas/${document.formula}.toml`)];
    return formula.ok
      ? disagreements(document, formula.document).map((message) => refuseFor(file, message))
      : [];
  });
  const all: VaultChange[] = [...faults.map((fault) => refuse(fault)), ...wrong];
  return all.length > 0
    ? all
    : [
        keep(
          `${actions.length} ${actions.length === 1 ? 'action' : 'actions'} can be read; from a pull request nothing is started`,
        ),
      ];
}

function starts({ kind }: VaultChange): boolean {
  return kind === 'dispatch' || kind === 'start-pipeline';
}

function decide(
  settings: VaultSettings,
  state: VaultState,
  policy: Policy,
  action: ActionState,
): VaultChange[] {
  const { parsed, file, id } = action;
  if (action.trouble !== undefined) return [refuseFor(file, action.trouble)];
  if (!parsed.ok) return parsed.faults.map((fault) => refuse(fault));
  const { document } = parsed;
  if (document.kind === 'human')
    return [
      notice(
        `${id} waits for a person: ${firstLine(document.action_required.description)}`,
        document.unblocks === undefined ? '' : `unblocks ${document.unblocks.join(', ')}`,
      ),
    ];
  if (action.rejected) return [keep(`${id} was rejected, see ${recordPath(rejectedFolder, id)}`)];
  if (action.fired !== null) return follow(state, action, action.fired);
  if (action.candidate === null) throw new Error(`${file} was not looked into`);
  return judge(settings, state, policy, action, document, action.candidate);
}

/** An action without any record: may it run, and may it run now? */
function judge(
  settings: VaultSettings,
  state: VaultState,
  policy: Policy,
  action: ActionState,
  asked: AskedAction,
  candidate: Candidate,
): VaultChange[] {
  const { id, file } = action;
  const { formula } = candidate;
  if (formula === null) return [refuseFor(file, `there is no formula vault/formulas/${asked.formula}.toml`)];
  if (!formula.ok) return formula.faults.map((fault) => refuse(fault));
  const wrong = [
    ...disagreements(asked, formula.document),
    ...workflowFaults(formula.document, candidate, asked),
  ];
  if (wrong.length > 0) return wrong.map((message) => refuseFor(file, message));
  const { tier, why } = tierOf(asked, policy, formula.document, settings['policy-source']);
  const rule = ruleOf(policy, tier);
  const found = proveApproval(action.blob, candidate.pulls, rule, candidate.rights);
  const direct = ['direct-commit', 'protected-exempt'].includes(settings['low-tier']);
  const proof =
    // Where the team lets low tier be committed straight to main, there is no pull request to look for.
    direct &&
    tier === 'low' &&
    rule.approvals === 0 &&
    candidate.pulls.length === 0 &&
    candidate.incomplete === undefined
      ? { verdict: 'approved' as const, pull: null, approvals: [] }
      : found;
  if (proof.verdict === 'unknown')
    return [refuseFor(file, `whether it was approved could not be found out: ${proof.reason}`)];
  if (proof.verdict === 'denied' && candidate.incomplete !== undefined)
    return [refuseFor(file, `whether it was approved could not be found out: ${candidate.incomplete}`)];
  if (proof.verdict === 'denied') return [reject(state, action, proof.reasons)];
  const waits = waitsFor(rule, candidate, state.now);
  if (waits !== undefined) return [notice(`${id} waits: ${waits}`, `${tier}: ${why}`)];
  const exposed = exposedTo(rule, candidate, ownAccounts(settings, state));
  if (exposed.length > 0 && tier === 'high' && !settings['accept-exposed-secrets'])
    return [
      refuseFor(
        file,
        `${exposed.join(', ')} may not approve it, but can push to the repository whose CI holds its secrets, and so read them: take that away, or set accept-exposed-secrets`,
      ),
    ];
  return [
    ...(exposed.length === 0
      ? []
      : [
          notice(
            `secrets of ${asked.formula} can be read by ${exposed.join(', ')}`,
            'they can push to the repository whose CI holds them, and may not approve',
          ),
        ]),
    ...intend(state, action, asked, formula.document, candidate, { tier, why, proof }),
  ];
}

function waitsFor(rule: Rule, candidate: Candidate, now: string): string | undefined {
  const frozen = frozenAt(rule, new Date(now));
  if (frozen !== undefined) return `nothing of this tier runs now (${frozen})`;
  const since = candidate.mergedAt === null ? Number.NaN : Date.parse(candidate.mergedAt);
  const left = rule.delayMinutes * 60_000 - (Date.parse(now) - since);
  return rule.delayMinutes > 0 && !(left <= 0) ? `${rule.delayMinutes} minutes after its merge` : undefined;
}

function intend(
  state: VaultState,
  action: ActionState,
  asked: AskedAction,
  formula: Formula,
  candidate: Candidate,
  { tier, why, proof }: { tier: Tier; why: string; proof: { pull: number | null; approvals: Approval[] } },
): VaultChange[] {
  const { run } = formula;
  const { workflow, formulaBlob } = candidate;
  if (workflow === null || formulaBlob === null) throw new Error(`${action.id} has no workflow`);
  const record: FiredRecord = {
    version: 1,
    id: action.id,
    formula: asked.formula,
    tier,
    tier_reason: why,
    action: { file: action.file, blob: action.blob, digest: action.digest },
    base: {
      commit: state.commit,
      formula_blob: formulaBlob,
      policy_blob: state.policyBlob,
      tiers_blob: state.tiersBlob,
    },
    pull: proof.pull,
    approvals: proof.approvals,
    intent: { nonce: action.nonce, at: state.now, by: state.account.login, run_url: state.runUrl },
    run: {
      backend: run.backend,
      repository: run.repo ?? state.repository,
      workflow: run.workflow,
      workflow_file: workflow.file,
      workflow_blob: workflow.blob,
      inputs: inputsFor(asked, action.nonce),
      ref: run.ref ?? state.branch,
      timeout_minutes: asked.timeout_minutes ?? formula.timeout_minutes,
      id: null,
      url: null,
    },
    outcome: 'intended',
    finished: null,
  };
  const who = proof.approvals.map(({ login }) => login).join(', ');
  const intent = write(
    state,
    recordPath(firedFolder, action.id),
    recordText(record),
    null,
    `vault: intend ${action.id}`,
    `${tier} (${why}); ${proof.pull === null ? 'committed straight to main, which' : `#${proof.pull}`} ${who === '' ? 'needs no approval' : `approved by ${who}`}`,
  );
  const key = `intent ${action.id}`;
  // Nothing is started unless this very intent was written. Both in one go: what comes between them spends the id.
  return [
    { ...intent, key },
    { ...start(record), after: [key] },
  ];
}

function reject(state: VaultState, action: ActionState, reasons: string[]): VaultChange {
  const record: RejectedRecord = {
    version: 1,
    id: action.id,
    action: { file: action.file, blob: action.blob, digest: action.digest },
    reasons,
    at: state.now,
    by: state.account.login,
  };
  return write(
    state,
    recordPath(rejectedFolder, action.id),
    recordText(record),
    null,
    `vault: reject ${action.id}`,
    reasons.join('; '),
  );
}

/** An action with a record: whether that is to be believed, and how its run is doing. */
function follow(state: VaultState, action: ActionState, fired: FiredState): VaultChange[] {
  const { id, file } = action;
  const { record } = fired;
  const path = recordPath(firedFolder, id);
  if (record === null || !fired.isOurs)
    return [
      refuseFor(
        path,
        `was not written by ${state.account.login}${record === null ? ', and is no record' : ''}: somebody else made it, so nothing about ${id} is believed. Find out who; the action needs another id`,
      ),
    ];
  const isEdited = record.action.blob !== action.blob;
  return [
    ...(isEdited
      ? [
          refuseFor(
            file,
            `has changed since it was fired: an id is used once, so ask again under another one`,
          ),
        ]
      : []),
    // What did run is followed to its end, whatever became of its file.
    ...followRun(state, action, fired, record),
  ];
}

function followRun(
  state: VaultState,
  action: ActionState,
  fired: FiredState,
  record: FiredRecord,
): VaultChange[] {
  const { id, file } = action;
  const { run } = fired;
  const path = recordPath(firedFolder, id);
  if (isFinal(record)) {
    const seen = record.run.url === null ? '' : `, ${record.run.url}`;
    // The run that finds out ends red; afterwards it is on record.
    return record.outcome === 'success' || !fired.isFresh
      ? [keep(`${id}: ${record.outcome}${seen}`)]
      : [refuseFor(file, `its run ended with ${record.outcome}${seen}; the id is spent`)];
  }
  if (fired.isOutOfReach)
    return [
      refuseFor(
        file,
        'its run is on Woodpecker: set woodpecker-url and woodpecker-token, so that it can be followed',
      ),
    ];
  if (run === null) return unstarted(state, action, fired, record);
  const settled = settledAs(record, run.state, run.created, state.now);
  const updated: FiredRecord = {
    ...record,
    run: { ...record.run, id: run.id, url: run.url },
    outcome: settled ?? 'dispatched',
    finished: settled === undefined ? null : state.now,
  };
  if (recordText(updated) === recordText(record)) return [keep(`${id} is running, ${run.url}`)];
  return [
    write(
      state,
      path,
      recordText(updated),
      fired.blob,
      `vault: ${updated.outcome} ${id}`,
      settled === undefined ? `run ${run.id} was started` : `run ${run.id} ended: ${settled}`,
    ),
  ];
}

function unstarted(
  state: VaultState,
  { id, file }: ActionState,
  fired: FiredState,
  record: FiredRecord,
): VaultChange[] {
  const age = Date.parse(state.now) - Date.parse(record.intent.at);
  if (fired.isStarted || age < patience)
    return [
      notice(
        `${id} was intended at ${record.intent.at}, and no run of it is seen yet`,
        'the next run looks again',
      ),
    ];
  return [
    refuseFor(
      file,
      `was intended at ${record.intent.at}, and no run with its nonce is found: whether it ran is unknown, so it is not started again. Look at ${record.run.repository}, then ask again under another id`,
    ),
  ];
}

/** What the record says, and nothing else: so what runs is what stands in the repository. */
function start({ id, formula, run, pull }: FiredRecord): VaultChange {
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

/** How a run ended, or undefined while it goes on within its time. */
function settledAs(
  record: FiredRecord,
  state: StartedRun['state'],
  created: string,
  now: string,
): 'success' | 'failure' | 'cancelled' | 'timeout' | undefined {
  if (state !== 'running') return state;
  const limit = record.run.timeout_minutes * 60_000;
  return Date.parse(now) - Date.parse(created) > limit ? 'timeout' : undefined;
}

function write(
  state: VaultState,
  path: string,
  content: string,
  expects: string | null,
  message: string,
  why: string,
): VaultChange {
  return {
    kind: 'write-files',
    repository: state.records.repository,
    branch: state.records.branch,
    files: [{ path, content, expects }],
    message,
    why,
  };
}
