import type * as z from 'zod/mini';
import type { AgentRun } from '../agent/agent-run.ts';
import type { AgentOutcome } from '../agent/outcome.ts';
import type { Send } from '../api/send.ts';
import type { User } from '../forge/users.ts';
import type { ModelAnswer, ModelQuestion } from '../model.ts';
import type { Works } from '../works.ts';

/** `+` makes something, `~` changes something, `-` takes something away, `=` leaves it, `!` needs somebody's eyes. */
export type Sign = '+' | '~' | '-' | '=' | '!';

/**
 * How a change went. `stale`: what it was decided on had changed by then, so it was left for the next look.
 * `declined`: the forge does not allow it this way, and the next look plans another.
 */
export interface Applied {
  status: 'done' | 'stale' | 'declined';
  /** One line for the log, without the sign. */
  said: string;
  /** The number of the issue or pull request that a creating change made. */
  number?: number;
  /** The id of the label that a creating change made. */
  id?: number;
  /** What a model answered: for the next look. */
  answer?: ModelAnswer;
  /** What came of an agent's run: for the next look. */
  outcome?: AgentOutcome;
}

/** What `apply` may use: the forge, and what earlier changes of the same plan made, by their keys. */
export interface ApplyContext {
  send: Send;
  /** Where it is looked whether a run still holds its work, where that is not to be asked by `send`. */
  claims?: Send;
  /** The same forge with another token, for labels alone, where the role was given one. */
  labels?: Send;
  /** The same forge with the token that the host made for this job, where it made one. */
  job?: Send;
  /** Where the role was given a token for it. */
  woodpecker?: Send;
  /** Our own account; absent where the role runs without a forge, and then plans nothing that needs one. */
  account?: User;
  /** Where files for later steps go. */
  workspace: string;
  /** Repositories on this machine, for what is pushed. */
  works?: Works;
  made: Map<string, { number?: number; id?: number }>;
  /** Puts a question to the role's model; throws where the role has none. */
  ask(question: ModelQuestion): Promise<ModelAnswer>;
  /** Runs an agent, in a role that has them. */
  runAgent?(run: AgentRun): Promise<AgentOutcome>;
  /** Makes what later steps run one with. */
  prepareAgent?(run: AgentRun): Promise<void>;
}

/**
 * One kind of change: its schema (so that a plan can be stored as JSON and checked when it comes back), how it is
 * described before anything happens, and the one place where it is carried out.
 */
export interface ChangeKind<K extends string, S extends z.ZodMiniType> {
  kind: K;
  sign: Sign;
  /** For the counts: `1 issue`, `3 issues` ... */
  noun: [one: string, many: string];
  /** ... `to create`, and afterwards `created`. */
  verb: [before: string, after: string];
  /** Built only when a change comes back from JSON: a run that has nothing to do builds none. */
  schema: () => S;
  /**
   * Keys of changes of the same plan whose results this one refers to; absent for a kind that refers to none. Told by type and
   * never found by the name of a field: text from outside may hold any name.
   */
  references?(change: z.infer<S>): string[];
  describe(change: z.infer<S>): string;
  apply(change: z.infer<S>, context: ApplyContext): Promise<Applied>;
}

/** Declares a kind of change: how it is told, checked, and carried out. Types only; the declaration itself is what comes back. */
export function changeKind<K extends string, S extends z.ZodMiniType>(
  definition: ChangeKind<K, S>,
): ChangeKind<K, S> {
  return definition;
}
