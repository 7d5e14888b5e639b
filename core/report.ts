import type { Change } from './change.ts';
import type { ModelUse } from './changes/ask-model.ts';

/** How one change went. */
export interface Result {
  /** Its place in the round's plan, from 0. */
  change: number;
  status: 'done' | 'stale' | 'declined' | 'failed' | 'unknown' | 'not-done';
  said: string;
  /** The issue or pull request it made. */
  number?: number;
  /** What a model's answer used. */
  use?: ModelUse;
}

export type Outcome = 'unchanged' | 'changed' | 'planned' | 'failed' | 'refused';

/**
 * The whole outcome of one run, for later steps and for records: complete, without secrets, and written as canonical
 * JSON (RFC 8785), so that equal outcomes are equal bytes.
 */
export interface Report {
  /** Of this format. A reader refuses a version it does not know. */
  version: 1;
  role: string;
  forgecrew: string;
  /** `planned` is a dry run; `refused` is a run that ended before it wrote; `failed` one that ended red later. */
  outcome: Outcome;
  /** What a reader has to know first, where the role says so. */
  headline?: string;
  startedAt: string;
  host: { name: string; repository?: string; commit?: string; event?: string; runUrl?: string };
  /** Each look at the forge, what was decided, and how it went. */
  rounds: { changes: Change[]; results: Result[] }[];
  /** Numbers of what was made, by key. */
  made: Record<string, number>;
  /** What ended the run early, or did not go well: each with its remedy where there is one. */
  errors: { message: string; remedy: string }[];
  requests: { reads: number; writes: number };
}
