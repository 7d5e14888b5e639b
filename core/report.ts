import type { Change } from './change.ts';
import type { ModelUse } from './model.ts';
import { isWrite } from './plan.ts';

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

export type Outcome = 'unchanged' | 'changed' | 'planned' | 'paused' | 'failed' | 'refused';

/** One look at the forge, what was decided, and how it went. */
export interface Round {
  changes: Change[];
  results: Result[];
}

/**
 * The whole outcome of one run, for later steps and for records: complete, without secrets, and written as canonical
 * JSON (RFC 8785), so that equal outcomes are equal bytes.
 */
export interface Report {
  /** Of this format. A reader refuses a version it does not know. */
  version: 1;
  role: string;
  forgecrew: string;
  /**
   * `planned`: there was something to do, and this run was one that writes nothing (a dry run, a pull request's own
   * pipeline). `paused`: the ops repo says that nothing is to be done now. `refused`: the run ended before it wrote. `failed`: it ended red later.
   */
  outcome: Outcome;
  /** What a reader has to know first, where the role says so. */
  headline?: string;
  startedAt: string;
  host: { name: string; repository?: string; commit?: string; event?: string; runUrl?: string };
  rounds: Round[];
  /** Numbers of what was made, by key. */
  made: Record<string, number>;
  /** What ended the run early, or did not go well: each with its remedy where there is one. */
  errors: { message: string; remedy: string }[];
  requests: { reads: number; writes: number };
}

/** What all rounds of a run came to. */
export interface Tally {
  done: Change[];
  /** Changes that were tried, or should have been, and did not happen. */
  failed: { change: Change; result: Result }[];
  /** All results, those that went well among them. */
  tried: number;
  /** What the last plan refused. */
  faults: number;
  /** Whether the last plan still held something to do. */
  isPlanned: boolean;
}

/** Whether a result leaves nothing for anybody to do: the next look decides anew. */
export function isSettled(status: Result['status']): boolean {
  return status === 'done' || status === 'stale' || status === 'declined';
}

/** Adds the rounds of a run up; pure. */
export function tallyOf(rounds: Round[]): Tally {
  const all = rounds.flatMap(({ changes, results }) =>
    results.flatMap((result) => {
      const change = changes[result.change];
      return change === undefined ? [] : [{ change, result }];
    }),
  );
  const last = rounds.at(-1)?.changes ?? [];
  return {
    done: all.flatMap(({ change, result }) => (result.status === 'done' ? [change] : [])),
    failed: all.filter(({ result }) => !isSettled(result.status)),
    tried: all.length,
    faults: last.filter(({ kind }) => kind === 'refuse').length,
    isPlanned: last.some(isWrite),
  };
}

/**
 * The colour of a run that came to its end; pure. `writesNothing`: a dry run, or a pull request's own pipeline.
 * `isUnsettled`: it stopped looking although something was left, in a role that may not.
 */
export function outcomeOf(
  { done, failed, faults, isPlanned }: Tally,
  { writesNothing, isUnsettled }: { writesNothing: boolean; isUnsettled: boolean },
): Outcome {
  if (failed.length > 0 || faults > 0 || isUnsettled)
    return done.length === 0 && failed.length === 0 ? 'refused' : 'failed';
  if (done.length > 0) return 'changed';
  return isPlanned && writesNothing ? 'planned' : 'unchanged';
}

/** Whether a run with this outcome ends red. */
export function isRed(outcome: Outcome): boolean {
  return outcome === 'refused' || outcome === 'failed';
}
