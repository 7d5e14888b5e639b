import type { Fault } from '../../core/errors.ts';
import type { User } from '../../core/forge/users.ts';
import type { Ground, Standing } from '../../core/propose.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { VaultAction } from '../../core/vault/action.ts';
import type { Formula } from '../../core/vault/formula.ts';
import type { Policy } from '../../core/vault/policy.ts';
import type { settings } from './settings.ts';

export type RequestSettings = ValuesOf<typeof settings>;
export type Context = ReadContext<typeof settings, RequestState>;

/** What is asked for, and what is there of it. */
export type RequestState = { id: string; file: string } & (
  | UnreadableState
  | LocalState
  | PolicyFaultyState
  | AskingState
);

/** The action's text is no action; nothing is looked up for it. */
interface UnreadableState extends State {
  kind: 'unreadable';
  faults: Fault[];
}

/** On a pull request's own pipeline only the text is looked at. */
interface LocalState extends State {
  kind: 'local';
}

/** The policy cannot be read, and without it nobody knows how far an action reaches. */
interface PolicyFaultyState extends State {
  kind: 'policy-faulty';
  account: User;
  faults: Fault[];
}

/** What the forge knows of the action. */
export interface AskingState extends State {
  kind: 'asking';
  account: User;
  text: string;
  action: VaultAction;
  repository: string;
  branch: string;
  policy: Policy;
  formula: RequestedFormula;
  /** The file on the branch that counts. */
  onMain: { text: string } | null;
  /** How far a record says it has come. */
  outcome: string | null;
  ground: Ground;
  standing: Standing;
  /** Another open pull request for the same id: somebody else's, or one of ours from where we no longer write. */
  other: OtherRequest | null;
  /** Whether the branch took no commit of ours. */
  isDeclined: boolean;
  /** What the waiting came to; `null` where there was nothing to wait for. */
  answer: Answer | null;
}

/** The formula that an action names; an action that asks a person names none. */
export type RequestedFormula =
  | { kind: 'missing' }
  | { kind: 'faulty'; faults: Fault[] }
  | { kind: 'known'; document: Formula };

export interface OtherRequest {
  number: number;
  author: string;
  headSha: string;
  isSame: boolean;
  /** Whether its author may write, or is our account. */
  mayWrite: boolean;
}

export type Answer = 'merged' | 'closed' | 'labelled' | 'none';
