import type { Fault } from '../../core/errors.ts';
import type { WrittenAction } from '../../core/escalation/answer.ts';
import type { Payload, ReadPayload } from '../../core/escalation/payload.ts';
import type { EscalationPolicy } from '../../core/escalation/policy.ts';
import type { ClickFacts } from '../../core/escalation/proof.ts';
import type { World } from '../../core/escalation/read-world.ts';
import type {
  AnswerRecord,
  DecidedRecord,
  OutcomeRecord,
  ProposalRecord,
} from '../../core/escalation/record.ts';
import type { PlacedComment } from '../../core/forge/comments.ts';
import type { User } from '../../core/forge/users.ts';
import type { ModelAnswer } from '../../core/model.ts';
import type { ReadContext, State } from '../../core/role.ts';
import type { ValuesOf } from '../../core/settings.ts';
import type { Rights } from '../../core/vault/approval.ts';
import type { settings } from './settings.ts';

export type EscalationSettings = ValuesOf<typeof settings>;
export type Context = ReadContext<typeof settings, EscalationState>;

/** Everything the plan decides on: plain data, read to its end or not at all. */
export type EscalationState = Inert | Unready | Live;

/** A run that looks at nothing. */
export interface Inert extends State {
  kind: 'inert';
  why: string;
}

/** Something is not as it has to be before anything is believed. */
export interface Unready extends State {
  kind: 'unready';
  faults: Fault[];
}

export interface Live extends State {
  kind: 'live';
  account: User;
  /** Where this run is, for the records. */
  runUrl: string | null;
  records: { repository: string; branch: string };
  /** Where Woodpecker is; empty where no setting says so. */
  woodpecker: string;
  policy: KnownPolicy;
  /** Requests that nothing was answered to yet, oldest first. */
  requests: RequestSeen[];
  /** Answers on record that their thread was not told of yet. */
  answers: AnswerSeen[];
  /** Comments of proposers that nothing was made of yet. */
  offers: OfferSeen[];
  /** Proposals that their thread was not told the end of yet. */
  proposals: ProposalSeen[];
  /** Ids of proposals on record, whatever became of them. */
  known: string[];
  /** How many proposals of each type were claimed within 24 hours. */
  claimed: Record<Payload['type'], number>;
  /** Answers of this day. */
  today: AnswerRecord[];
  /** Files of answers that are no records. */
  damaged: string[];
  /** What models answered in this run, by the keys of the questions. */
  said: Record<string, ModelAnswer>;
  /** Threads in which the forge did not let us write in this run, as `owner/name#1`. */
  closedToUs: string[];
}

/** The policy that counts; without a file nothing is allowed. */
export interface KnownPolicy {
  policy: EscalationPolicy;
  commit: string;
  /** `null` where there is no such file. */
  blob: string | null;
}

export interface Thread {
  repository: string;
  number: number;
}

export interface RequestSeen {
  thread: Thread;
  comment: PlacedComment;
  asker: User;
  /** Whether the asker may write there now. */
  mayAsk: boolean;
  /** What a model is shown; only where it may be asked. */
  material: Material | undefined;
}

/** A thread as a model is shown it. */
export interface Material {
  title: string;
  body: string;
  author: string;
  isPull: boolean;
  comments: { by: string; at: string; body: string }[];
  files: { name: string; text: string }[];
}

/** An action as it was written, and what the forge says of what it is about. */
export interface CheckedAction {
  written: WrittenAction;
  read: ReadPayload;
  /** Only of what could be read, and policy allows. */
  world: World | undefined;
}

export interface AnswerSeen {
  record: AnswerRecord;
  actions: CheckedAction[];
}

export interface OfferSeen {
  thread: Thread;
  comment: PlacedComment;
  proposer: User;
  /** Who set the agent's label; undefined where nobody did. */
  asker: User | undefined;
  actions: CheckedAction[];
}

export interface ProposalSeen {
  id: string;
  /** Undefined where the file is no record. */
  record: ProposalRecord | undefined;
  /** Its blob, in place of which it is written again. */
  blob: string;
  decided: DecidedRecord | undefined;
  /** Whether this very run wrote that it carries it out. */
  isClaimedNow: boolean;
  outcome: OutcomeRecord | undefined;
  /** A decided or an outcome file that is no record. */
  isDamaged: boolean;
  /** Whether its thread heard that it is approved and waits. */
  isWaitTold: boolean;
  facts: ClickFacts;
  rights: Rights;
  world: World | undefined;
  /** What was found of something that was claimed, and about which nothing is on record. */
  found: Found | undefined;
  /** Why the forge does not say what it has to be asked about this one. */
  trouble: string | undefined;
}

/** What stands on the forge of an action whose answer was lost. */
export type Found =
  | { kind: 'made'; number: number; url: string | null }
  /** On Woodpecker, of another commit than the one that was approved. */
  | { kind: 'stray'; number: number; commit: string }
  | { kind: 'nothing' };
