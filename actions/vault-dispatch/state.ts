import type { User } from '../../core/forge/users.ts';
import type { RunFacts } from '../../core/host/host.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { Parsed } from '../../core/toml.ts';
import type { VaultAction } from '../../core/vault/action.ts';
import type { PullFacts, Rights } from '../../core/vault/approval.ts';
import type { Formula } from '../../core/vault/formula.ts';
import type { Policy } from '../../core/vault/policy.ts';
import type { ClaimRecord, FiredRecord } from '../../core/vault/record.ts';
import type { WorkflowFacts } from '../../core/vault/workflow.ts';
import type { settings } from './settings.ts';

export type VaultSettings = ValuesOf<typeof settings>;
export type Context = ReadContext<typeof settings, VaultState>;

export interface VaultState extends State {
  account: User;
  repository: string;
  branch: string;
  /** The commit of the branch that all of this was read at. */
  commit: string;
  /** Where records are: the ops repo itself, or a repository that only the dispatcher writes to. */
  records: { repository: string; branch: string };
  /** How the ops repo merges unless somebody says otherwise. */
  mergeStyle: string;
  policy: Parsed<Policy>;
  policyBlob: string | null;
  /** Of the project repo's policy, where that says the tiers. */
  tiersBlob: string | null;
  actions: ActionState[];
  /** With `mode: review`: the open pull requests that ask for something. */
  requests: RequestState[];
  /** On a pull request's own pipeline: what the checkout holds, read without any token. */
  local: LocalState | null;
  /** With `mode: gate`: the run that this step is part of, and what the records say of it. */
  gate: GateState | null;
  /** Where this very run can be looked at. */
  runUrl: string | null;
}

/** The documents of a checkout. */
export interface LocalState {
  actions: { file: string; parsed: Parsed<VaultAction> }[];
  formulas: { file: string; parsed: Parsed<Formula> }[];
  policy: Parsed<Policy>;
}

export interface ActionState {
  id: string;
  file: string;
  blob: string;
  /** Of the bytes: `sha256:` and 64 hexadecimal digits. */
  digest: string;
  parsed: Parsed<VaultAction>;
  rejected: boolean;
  /** What kept it from being looked into, where that concerns nobody else. */
  trouble: string | undefined;
  fired: FiredState | null;
  /** What is needed to decide about an action that has no record; `null` for any other. */
  candidate: Candidate | null;
  /** For the intent, should one be written. */
  nonce: string;
}

/** A record that is there: what it says, unless it is none, and whether our account wrote it. */
export interface FiredState {
  record: FiredRecord | null;
  blob: string;
  isOurs: boolean;
  /** The run that the record is of: by its id, or found by what it was started with. */
  run: StartedRun | null;
  /** Whether its run is on Woodpecker, which this step was not told of. */
  isOutOfReach: boolean;
  /** Whether it was written in this very run. */
  isFresh: boolean;
  /** Whether it was started in this very run. */
  isStarted: boolean;
}

/** What its backend says of a run. */
export interface StartedRun {
  id: number;
  url: string;
  state: 'running' | 'success' | 'failure' | 'cancelled';
  /** ISO 8601. */
  created: string;
}

export interface Candidate {
  formula: Parsed<Formula> | null;
  formulaBlob: string | null;
  workflow: WorkflowFacts | null;
  pulls: PullFacts[];
  /** Why nothing can be found out about its workflow, where that is so. */
  unreachable: string | undefined;
  /** Why not every pull request could be looked at. */
  incomplete: string | undefined;
  /** When the newest of them was merged, or the file committed where there is none. */
  mergedAt: string | null;
  rights: Rights;
  /** Who can push to the repository whose CI holds the secrets. */
  pushers: string[];
}

/** An open pull request into the branch that brings actions, formulas or a policy. */
export interface RequestState {
  number: number;
  headSha: string;
  author: string;
  isDraft: boolean;
  /** With `low-tier: auto-merge`: whether its head brings new actions and nothing else. */
  onlyAddsActions: boolean;
  /** Whether our account approved this very head already. */
  isApprovedByUs: boolean;
  actions: {
    id: string;
    file: string;
    blob: string;
    parsed: Parsed<VaultAction>;
    /** Whether the id is used already. */
    isSpent: boolean;
    candidate: Candidate | null;
  }[];
  /** Formulas and policy that it changes, as they would be. */
  documents: (
    | {
        kind: 'formula';
        file: string;
        parsed: Parsed<Formula>;
        workflow: WorkflowFacts | null;
        unreachable: string | undefined;
        /** Whether its workflow stands where only our account may look: it is not looked at for a stranger. */
        isElsewhere: boolean;
      }
    | { kind: 'policy'; file: string; parsed: Parsed<Policy> }
  )[];
  /** What kept it from being looked into, where that concerns nobody else. */
  trouble: string | undefined;
  /** Other files it changes. */
  others: string[];
  status: { state: string; description: string } | null;
  comment: { id: number; body: string } | null;
}

/** The run that a gate stands in, and the record that should name it. */
export interface GateState {
  run: RunFacts | null;
  /** The repository whose CI it runs in. */
  repository: string;
  /** The record that names this run; `null` when none does, though it was waited for. */
  record: FiredRecord | null;
  /** Why the record that was looked at is not believed. */
  doubt: string | undefined;
  /** What the run was started with, where the host or its API tells. */
  inputs: Record<string, string> | null;
  /** The blob of the workflow's file at the commit that runs; `missing` when it is not there, or may not be read. */
  workflowBlob: string | 'missing' | null;
  claim: ClaimRecord | 'unreadable' | null;
  /** Whether this very run of the role wrote the claim. */
  isClaimedByUs: boolean;
  isDryRun: boolean;
}
