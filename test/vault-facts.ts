import type { AskedAction } from '../core/vault/action.ts';
import type { PullFacts, ReviewFacts, Rights } from '../core/vault/approval.ts';
import type { Brought, Candidate, FormulaState } from '../core/vault/candidate.ts';
import type { Formula } from '../core/vault/formula.ts';
import type { FiredRecord } from '../core/vault/record.ts';
import type { RunPlace, WorkflowFacts } from '../core/vault/workflow.ts';

// What plan tables of the vault start from: everything right, one override for each thing that is not.

const ids: Record<string, number> = { owner: 1, ada: 2, bob: 3, asker: 4, robot: 5, dispatcher: 6 };

export function person(login: string): { id: number; login: string } {
  return { id: ids[login] ?? 99, login };
}

export function review(login: string, more: Partial<ReviewFacts> = {}): ReviewFacts {
  return {
    id: 1,
    user: person(login),
    state: 'APPROVED',
    commit: 'head',
    submittedAt: '2026-11-20T09:30:00Z',
    stale: false,
    official: true,
    dismissed: false,
    ...more,
  };
}

/** Opened by asker, approved by ada, merged, with the blob that is to run. */
export function pull(more: Partial<PullFacts> = {}): PullFacts {
  return {
    number: 7,
    author: person('asker'),
    merged: true,
    intoBase: true,
    headSha: 'head',
    headBlob: 'blob',
    formulaBlob: 'formula-blob',
    changesFile: true,
    retargetedAt: null,
    reviews: [review('ada')],
    ...more,
  };
}

export function rights(more: Partial<Rights> = {}): Rights {
  return {
    writers: ['owner', 'ada', 'bob', 'asker', 'robot', 'dispatcher'],
    admins: ['owner', 'ada'],
    teams: {},
    never: ['robot', 'dispatcher'],
    ...more,
  };
}

export function action(more: Partial<AskedAction> = {}): AskedAction {
  return {
    kind: 'formula',
    id: 'backup-1',
    file: 'vault/actions/backup-1.toml',
    formula: 'backup',
    context: 'why',
    secrets: ['BACKUP_KEY'],
    inputs: { target: 'db' },
    ...more,
  };
}

export function formula(more: Partial<Formula> = {}): Formula {
  return {
    name: 'backup',
    file: 'vault/formulas/backup.toml',
    description: 'Back up',
    secrets: ['BACKUP_KEY'],
    timeout_minutes: 30,
    inputs: { target: { required: true, one_of: ['db', 'files'] } },
    run: { backend: 'forgejo-workflow', workflow: 'backup.yml' },
    ...more,
  };
}

export function workflow(more: Partial<WorkflowFacts> = {}): WorkflowFacts {
  return {
    file: '.forgejo/workflows/backup.yml',
    blob: 'workflow-blob',
    inputs: ['action', 'nonce', 'target'],
    required: ['action', 'nonce', 'target'],
    secrets: ['BACKUP_KEY'],
    gate: { kind: 'gated' },
    substituted: [],
    faults: [],
    ...more,
  };
}

export function known(
  more: Partial<Extract<FormulaState, { kind: 'known' }>> = {},
): Extract<FormulaState, { kind: 'known' }> {
  return {
    kind: 'known',
    document: formula(),
    blob: 'formula-blob',
    workflow: workflow(),
    unreachable: undefined,
    place: place(),
    beside: [],
    ...more,
  };
}

/** Where it runs: at the commit that brought the action. */
export function place(more: Partial<RunPlace> = {}): RunPlace {
  return { repository: 'owner/ops', ref: 'main', commit: 'merge', pin: { kind: 'own' }, ...more };
}

/** Merged as it was approved, under a policy that says what today's says. */
export function brought(
  more: Partial<Extract<Brought, { kind: 'pull' }>> = {},
): Extract<Brought, { kind: 'pull' }> {
  return {
    kind: 'pull',
    pull: pull(),
    // Says nothing higher than any other policy.
    policyThen: { tiers: { backup: 'low' } },
    commit: 'merge',
    mergedAt: '2026-11-20T10:00:00Z',
    mergedBy: 1,
    changes: [{ path: 'vault/actions/backup-1.toml', status: 'added' }],
    ...more,
  };
}

export function candidate(more: Partial<Candidate> = {}): Candidate {
  return {
    formula: known(),
    brought: brought(),
    rights: rights(),
    pushers: ['owner', 'ada', 'dispatcher'],
    guard: { kind: 'closed' },
    ...more,
  };
}

/** A record of a run that was started as run 3 of backup.yml. */
export function fired(
  more: Partial<Omit<FiredRecord, 'run'>> & { run?: Partial<FiredRecord['run']> } = {},
): FiredRecord {
  const sha = 'a'.repeat(40);
  return {
    version: 2,
    id: 'backup-1',
    formula: 'backup',
    tier: 'medium',
    tier_reason: 'policy says medium for backup',
    action: { file: 'vault/actions/backup-1.toml', blob: sha, digest: `sha256:${'b'.repeat(64)}` },
    base: { commit: sha, formula_blob: sha, policy_blob: null, tiers_blob: null },
    pull: 7,
    head: sha,
    approvals: [{ login: 'ada', review: 1, commit: sha }],
    intent: { nonce: 'nonce', at: '2026-11-20T10:00:00Z', by: 'dispatcher', run_url: null },
    ...more,
    run: {
      backend: 'forgejo-workflow',
      repository: 'owner/ops',
      workflow: 'backup.yml',
      workflow_file: '.forgejo/workflows/backup.yml',
      workflow_blob: sha,
      commit: sha,
      inputs: { target: 'db', action: 'backup-1', nonce: 'nonce' },
      ref: 'main',
      timeout_minutes: 30,
      id: 3,
      url: 'https://forge.test/owner/ops/actions/runs/3',
      ...more.run,
    },
  };
}
