import type { Fault } from '../errors.ts';
import type { PullFacts, Rights } from './approval.ts';
import type { Formula } from './formula.ts';
import type { PolicyGuard } from './guard.ts';
import type { Policy } from './policy.ts';
import type { WorkflowState } from './workflow.ts';

/** What has to be known to decide about an action that names a formula; all of it asked of the forge, now. Plain data. */
export interface Candidate {
  formula: FormulaState;
  brought: Brought;
  rights: Rights;
  /** Who can push to the repository whose CI holds the secrets. */
  pushers: string[];
  /** Whether policy, this formula and its workflow can be changed by a merge alone. */
  guard: PolicyGuard;
}

/** The formula that an action names, and what it would start. */
export type FormulaState =
  | { kind: 'missing' }
  | { kind: 'faulty'; faults: Fault[] }
  | ({ kind: 'known'; document: Formula; blob: string } & WorkflowState);

/**
 * How an action came to the branch, by its newest change on the branch's own line of commits: what was taken away and brought
 * back came with what brought it back, and with nothing else.
 */
export type Brought =
  | {
      kind: 'pull';
      pull: PullFacts;
      /** The policy at its head. */
      policyThen: Policy | 'unreadable';
      /** What the forge made of it: the commit on the branch's line that brought the file. */
      commit: string;
      /** ISO 8601. */
      mergedAt: string;
      /** Who merged it, by id; `null` where nobody can be named. */
      mergedBy: number | null;
      /** What our own account wrote on it. */
      said?: { id: number; body: string; user?: { id: number } | null | undefined }[];
      /** What that commit changed on the branch. */
      changes: { path: string; status: string }[];
    }
  /** An open pull request, weighed as if it were merged now. */
  | { kind: 'open'; pull: PullFacts; policyThen: Policy | 'unreadable' }
  /** Committed straight to the branch, without a pull request. */
  | { kind: 'direct'; commit: string; at: string }
  /** It could not be found out. */
  | { kind: 'unclear'; why: string };
