import type { Fault } from '../../core/errors.ts';
import type { User } from '../../core/forge/users.ts';
import type { RunFacts } from '../../core/host/host.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { Parsed } from '../../core/toml.ts';
import type { AskedAction, HumanAction, VaultAction } from '../../core/vault/action.ts';
import type { Candidate } from '../../core/vault/candidate.ts';
import type { Formula } from '../../core/vault/formula.ts';
import type { Policy } from '../../core/vault/policy.ts';
import type { ClaimRecord, FiredRecord } from '../../core/vault/record.ts';
import type { WorkflowState } from '../../core/vault/workflow.ts';
import type { settings } from './settings.ts';

export type VaultSettings = ValuesOf<typeof settings>;
export type Context = ReadContext<typeof settings, VaultState>;

/** Everything the plan decides on: plain data, and other data for each thing that the role does. */
export type VaultState = LocalState | GateState | PolicyFaultyState | DispatchState | ReviewState;

/** On a pull request's own pipeline: the documents of the checkout, read without any token. */
export interface LocalState extends State {
  kind: 'local';
  actions: { file: string; parsed: Parsed<VaultAction> }[];
  formulas: { file: string; parsed: Parsed<Formula> }[];
  policy: Parsed<Policy>;
}

/** A branch of a repository. */
export interface Place {
  repository: string;
  branch: string;
}

/** What every look at the forge knows. */
interface Grounded extends State, Place {
  account: User;
  /** Where records are: the ops repo itself, or a repository that only the dispatcher writes to. */
  records: Place;
  /** Where this very run can be looked at. */
  runUrl: string | null;
}

/** The policy cannot be read, and without it nothing is decided. */
export interface PolicyFaultyState extends Grounded {
  kind: 'policy-faulty';
  faults: Fault[];
}

/** What is decided against: the ops repo at one commit. */
export interface Decidable extends Grounded {
  /** The commit of the branch that all of this was read at. */
  commit: string;
  policy: Policy;
  policyBlob: string | null;
  /** Of the project repo's policy, where that says the tiers. */
  tiersBlob: string | null;
}

/** With `mode: dispatch`. */
export interface DispatchState extends Decidable {
  kind: 'dispatch';
  actions: ActionState[];
}

/** With `mode: review`: the open pull requests that ask for something. */
export interface ReviewState extends Decidable {
  kind: 'review';
  /** How the ops repo merges unless somebody says otherwise. */
  mergeStyle: string;
  requests: RequestState[];
}

/** One action on the branch. */
export type ActionState = { id: string; file: string } & (
  | { kind: 'faulty'; faults: Fault[] }
  /** Something kept it from being looked into, and that concerns nobody else. */
  | { kind: 'troubled'; trouble: string }
  | { kind: 'human'; action: HumanAction }
  /** There is a record that it was turned down. */
  | { kind: 'rejected' }
  | FiredState
  | OpenState
);

/** An action without any record. */
export interface OpenState {
  kind: 'open';
  action: AskedAction;
  blob: string;
  /** Of the bytes: `sha256:` and 64 hexadecimal digits. */
  digest: string;
  candidate: Candidate;
  /** For the intent, should one be written. */
  nonce: string;
}

/** An action with a record of its start. */
export interface FiredState {
  kind: 'fired';
  /** Whether the action's file is no longer what it was when it was started. */
  isEdited: boolean;
  record: SeenRecord;
}

/** A record that is there, and what is known of its run. */
export type SeenRecord =
  /** Not believed: somebody else wrote it, or what it holds is no record. */
  | { kind: 'foreign'; isRecord: boolean }
  | { kind: 'final'; record: FiredRecord; wroteItNow: boolean }
  /** Its run is on Woodpecker, which this step was not told of. */
  | { kind: 'out-of-reach'; record: FiredRecord }
  /** No run of it is seen. */
  | { kind: 'unseen'; record: FiredRecord; startedItNow: boolean }
  | { kind: 'seen'; record: FiredRecord; blob: string; run: StartedRun };

/** What its backend says of a run. */
export interface StartedRun {
  id: number;
  url: string;
  state: 'running' | 'success' | 'failure' | 'cancelled';
  /** ISO 8601. */
  created: string;
}

/** An open pull request into the branch that brings actions, formulas or a policy. */
export interface RequestState {
  number: number;
  headSha: string;
  author: string;
  isDraft: boolean;
  /** Whether our account approved this very head already. */
  isApprovedByUs: boolean;
  /** Other files it changes. */
  others: string[];
  status: { state: string; description: string } | null;
  comment: { id: number; body: string } | null;
  content: RequestContent;
}

/** What a pull request asks for, or what kept it from being looked into, where that concerns nobody else. */
export type RequestContent =
  | { kind: 'troubled'; trouble: string }
  | {
      kind: 'read';
      actions: RequestedAction[];
      /** Formulas and policy that it changes, as they would be. */
      documents: RequestedDocument[];
      /** With `low-tier: auto-merge`: whether its head brings new actions and nothing else. */
      onlyAddsActions: boolean;
    };

/** An action as a pull request has it. */
export type RequestedAction = { id: string; file: string } & (
  | { kind: 'faulty'; faults: Fault[] }
  | { kind: 'human'; action: HumanAction }
  /** The id is used already. */
  | { kind: 'spent' }
  | { kind: 'open'; action: AskedAction; blob: string; candidate: Candidate }
);

/** A document that decides about others, as a pull request has it. */
export type RequestedDocument = { file: string } & (
  | { kind: 'faulty'; faults: Fault[] }
  | { kind: 'policy' }
  | ({ kind: 'formula'; document: Formula } & WorkflowState)
  /** Its workflow stands where only our account may look: it is not looked at for a stranger. */
  | { kind: 'formula-elsewhere' }
);

/** With `mode: gate`: the run that this step is part of, and the record that should name it. */
export interface GateState extends Grounded {
  kind: 'gate';
  isDryRun: boolean;
  found: GateFinding;
}

export type GateFinding =
  /** This step is part of no run. */
  | { kind: 'no-run' }
  /** No record names the run, though one was waited for. `ciRepository` is the one whose CI it runs in. */
  | { kind: 'no-record'; run: RunFacts; ciRepository: string }
  | NamedRun;

/** A run that a record names. */
export interface NamedRun {
  kind: 'named';
  run: RunFacts;
  ciRepository: string;
  record: FiredRecord;
  /** Why the record is not believed, or undefined when it is. */
  doubt: string | undefined;
  /** What the run was started with, where the host or its API tells. */
  inputs: Record<string, string> | null;
  /** The blob of the workflow's file at the commit that runs; `missing` when it is not there, or may not be read. */
  workflowBlob: string | 'missing' | null;
  claim:
    | { kind: 'none' }
    | { kind: 'unreadable' }
    | { kind: 'ours' }
    | { kind: 'theirs'; record: ClaimRecord };
}
