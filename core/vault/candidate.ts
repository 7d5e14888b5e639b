import type { Fault } from '../errors.ts';
import type { PullFacts, Rights } from './approval.ts';
import type { Formula } from './formula.ts';
import type { WorkflowState } from './workflow.ts';

/** What has to be known to decide about an action that names a formula; all of it asked of the forge, now. Plain data. */
export interface Candidate {
  formula: FormulaState;
  requests: Requests;
  rights: Rights;
  /** Who can push to the repository whose CI holds the secrets. */
  pushers: string[];
}

/** The formula that an action names, and what it would start. */
export type FormulaState =
  | { kind: 'missing' }
  | { kind: 'faulty'; faults: Fault[] }
  | ({ kind: 'known'; document: Formula; blob: string } & WorkflowState);

/** The pull requests that may have brought an action. */
export interface Requests {
  pulls: PullFacts[];
  /** Why not every one could be looked at, or undefined when all were. */
  incomplete: string | undefined;
  /** When the newest of them was merged, or the file committed where there is none; `null` while nothing is merged. */
  mergedAt: string | null;
}
