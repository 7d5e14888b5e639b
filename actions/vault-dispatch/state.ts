import type { Fault } from '../../core/errors.ts';
import type { User } from '../../core/forge/users.ts';
import type { RunFacts } from '../../core/host/host.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { Parsed } from '../../core/toml.ts';
import type { AskedAction, HumanAction, VaultAction } from '../../core/vault/action.ts';
import type { Candidate } from '../../core/vault/candidate.ts';
import type { Formula } from '../../core/vault/formula.ts';
import type { BranchGuard } from '../../core/vault/guard.ts';
import type { Policy } from '../../core/vault/policy.ts';
import type { ClaimRecord, EndedRecord, FiredRecord } from '../../core/vault/record.ts';
import type { WorkflowState } from '../../core/vault/workflow.ts';
import type { settings } from './settings.ts';

export type VaultSettings = ValuesOf<typeof settings>;
export type Context = ReadContext<typeof settings, VaultState>;

/** Everything the plan decides on: plain data, and other data for each thing that the role does. */
export type VaultState =
  | LocalState
  | GateState
  | UnguardedState
  | PolicyFaultyState
  | DispatchState
  | ReviewState;

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
  /** Where records are: a branch of the ops repo, or of a repository that is there for them. */
  records: Place;
  /** Where this very run can be looked at. */
  runUrl: string | null;
}

/** A branch of records is not guarded as it has to be, so nothing on it is believed and nothing is started. */
export interface UnguardedState extends Grounded {
  kind: 'unguarded';
  unguarded: Place & { guard: BranchGuard };
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
  /** Actions of which something may still come. */
  actions: ActionState[];
  /** How many others there are, of which nothing was read but their names. */
  finished: { ended: number; rejected: number; earlier: number };
  /** Those that a file among the actions' own branch calls spent, though records stood elsewhere when it came there. */
  planted: string[];
  /** Those that were taken away from the branch before they started, of which nobody was told so yet. */
  withdrawn: WithdrawnAction[];
  /** What this run itself put on record as ended. */
  endedNow: EndedNow[];
}

/** An action that was taken away from the branch and has no record of a start. */
export interface WithdrawnAction {
  id: string;
  /** What took it away: a commit of the branch, and the pull request that it came with. */
  commit: string;
  by: { number: number; url: string | null } | null;
  /** The pull request that had brought it, with its head; `null` where it came without one, or too long ago, or asked a person. */
  asked: { number: number; head: string } | null;
}

/** An end that this run put on record; `isEdited`: the action's file was no longer what had been started. */
export interface EndedNow {
  record: EndedRecord;
  isEdited: boolean;
}

/** With `mode: review`: the open pull requests that ask for something. */
export interface ReviewState extends Decidable {
  kind: 'review';
  /** Whether the ops repo allows merge commits. */
  mergesByCommit: boolean;
  requests: RequestState[];
  /** Of whom more is open than is looked at for one person who may not write. */
  crowded: { author: string; left: number }[];
  /** Pull requests on which the forge did not let our account say anything in this run. */
  closedToUs: number[];
}

/** One action on the branch, or one that was started from it. */
export type ActionState = { id: string; file: string } & (
  | { kind: 'faulty'; faults: Fault[] }
  /** Something kept it from being looked into, and that concerns nobody else. */
  | { kind: 'troubled'; trouble: string }
  | { kind: 'human'; action: HumanAction }
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
  /** Whether a gate's claim of it stands already, though nothing was started. */
  isClaimed: boolean;
  /** For the intent, should one be written. */
  nonce: string;
}

/** An action with a record of its start and none of its end. */
export interface FiredState {
  kind: 'fired';
  /** Whether the action's file is no longer what it was when it was started. */
  isEdited: boolean;
  record: SeenRecord;
  /** Our comment on its pull request, where this run read it and no other action stands in it. */
  comment?: { id: number; body: string };
}

/** A record that is there, and what is known of its run. */
export type SeenRecord =
  /** What stands there is no record. */
  | { kind: 'unreadable' }
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
  /** What runs, where the backend tells. */
  commit: string | null;
  /** Why it could not start, in the backend's words. */
  reason: string | null;
}

/** An open pull request into the branch that changes what the vault is made of. */
export interface RequestState {
  number: number;
  headSha: string;
  author: string;
  content: RequestContent;
}

/** What a pull request asks for, or what kept it from being looked into, where that concerns nobody else. */
export type RequestContent =
  | { kind: 'troubled'; trouble: string }
  /** Its newest commit has not come to the repository yet. */
  | { kind: 'not-yet' }
  | ReadRequest;

export interface ReadRequest {
  kind: 'read';
  isDraft: boolean;
  /** Whether our account approved this very head already. */
  isApprovedByUs: boolean;
  status: { state: string; description: string } | null;
  comment: { id: number; body: string } | null;
  actions: RequestedAction[];
  /** Formulas and policy that it changes, as they would be. */
  documents: RequestedDocument[];
  /** Names of other files it changes; `null` where the forge cannot say. */
  others: string[] | null;
  /** With `low-tier: auto-merge`: what a merge would bring, as its trees say. */
  merging: MergeFacts | null;
}

/** What merging a commit would do, by commits and trees: what lists of files say, a merge commit can fool. */
export interface MergeFacts {
  /** The commits that are not on the branch yet, newest first, with their parents. */
  commits: { sha: string; parents: string[] }[];
  /** Where the commit's tree differs from that of the branch where the two parted; `null` where they did not part in one place. */
  changes: { path: string; kind: 'added' | 'changed' | 'removed'; mode: string }[] | null;
  /** Those of the added paths that the branch has by now. */
  taken: string[];
}

/** An action as a pull request has it. */
export type RequestedAction = { id: string; file: string } & (
  | { kind: 'faulty'; faults: Fault[] }
  | { kind: 'human'; action: HumanAction }
  /** The id is used already. */
  | { kind: 'spent' }
  /** It takes an action away that has no record: merged, that one is withdrawn. */
  | { kind: 'withdrawn' }
  | { kind: 'open'; action: AskedAction; blob: string; candidate: Candidate }
);

/** A document that decides about others, as a pull request has it. */
export type RequestedDocument = { file: string } & (
  | { kind: 'faulty'; faults: Fault[] }
  | { kind: 'removed' }
  | { kind: 'policy' }
  | ({ kind: 'formula'; document: Formula } & WorkflowState)
  /** Its workflow stands where only our account may look: it is not looked at for a stranger. */
  | { kind: 'formula-elsewhere' }
);

/** With `mode: gate`: the run that this step is part of, and the record that should name it. */
export interface GateState extends Grounded {
  kind: 'gate';
  /** Where claims are. */
  claims: Place;
  isDryRun: boolean;
  found: GateFinding;
}

export type GateFinding =
  /** This step is part of no run. */
  | { kind: 'no-run' }
  /** No record names the run, though one was waited for. `ciRepository` is the one whose CI it runs in. */
  | { kind: 'no-record'; run: RunFacts; ciRepository: string }
  /** Nothing can come of it, whatever is waited for. */
  | { kind: 'hopeless'; why: string }
  | NamedRun;

/** A run that a record names. */
export interface NamedRun {
  kind: 'named';
  run: RunFacts;
  ciRepository: string;
  record: FiredRecord;
  hasEnded: boolean;
  /** What the run was started with, where the host or its API tells. */
  inputs: Record<string, string> | null;
  /** The commit that runs, where the host tells. */
  commit: string | null;
  claim:
    | { kind: 'none' }
    | { kind: 'unreadable' }
    | { kind: 'ours' }
    | { kind: 'theirs'; record: ClaimRecord };
}
