import type { Tier } from '../../core/vault/action.ts';

// What happened, as it was read: plain data, with every time in ISO 8601. What is counted in it stands in measure.ts.

export interface IssueHistory {
  number: number;
  created: string;
  /** In the order of the forge. */
  events: IssueEvent[];
}

export type IssueEvent =
  | { kind: 'closed' | 'reopened'; at: string }
  | { kind: 'labelled' | 'unlabelled'; at: string; label: string };

export interface PullHistory {
  number: number;
  created: string;
  /** Account of who opened it; `null` where it is gone. */
  author: number | null;
  merged: string | null;
  /** Numbers of issues that it says it closes. */
  closes: number[];
  reviews: ReviewHistory[];
}

export interface ReviewHistory {
  at: string;
  by: number | null;
  verdict: 'approved' | 'changes' | 'comment';
  commit: string;
}

/** A run of a pipeline that has ended. */
export interface RunHistory {
  id: string;
  pipeline: string;
  /** The branch or pull request that it was of. */
  ref: string;
  ended: string;
  outcome: 'green' | 'red';
  /** What of it was red; empty where that was not asked for, or could not be. */
  steps: string[];
}

export interface ActionHistory {
  id: string;
  tier: Tier;
  /** When its pull request was opened, and when the last approval that counts was given; `null` where there is none. */
  asked: string | null;
  approved: string | null;
  started: string;
  ended: { at: string; outcome: string } | null;
}

export interface ProposalHistory {
  type: string;
  /** By who had to approve it; `null` where the policy names people, or what it asked for is not on record. */
  tier: 'medium' | 'high' | null;
  proposed: string;
  /** What became of it: `approved`, or how else it ended. */
  decided: { at: string; how: string } | null;
  /** What came of carrying it out. */
  outcome: { at: string; how: string } | null;
}

export interface AgentRunHistory {
  agent: string;
  ended: string;
  outcome: string;
  /** `null` where it is not known. */
  cost: number | null;
}

export interface History {
  issues: IssueHistory[];
  pulls: PullHistory[];
  runs: RunHistory[];
  actions: ActionHistory[];
  /** When vault actions were turned down. */
  rejections: string[];
  proposals: ProposalHistory[];
  agentRuns: AgentRunHistory[];
}
