import type { AgentOutcome } from './agent/outcome.ts';
import { ApiError, isApiError } from './api/errors.ts';
import { applyChange, type Change, describeChange, neededKeys } from './change.ts';
import { isHeld } from './changes/held.ts';
import type { ApplyContext } from './changes/kind.ts';
import { UserError } from './errors.ts';
import type { Mask } from './mask.ts';
import type { ModelAnswer } from './model.ts';
import { isWrite } from './plan.ts';
import { isSettled, type Report, type Result } from './report.ts';
import { errorLines } from './telling.ts';

/** What came of carrying out one plan, beyond the results themselves. */
export interface Applied {
  /** Numbers of issues and pull requests that were made, by key. */
  made: Record<string, number>;
  /** What models answered, by the keys of the questions. */
  answers: Record<string, ModelAnswer>;
  /** What came of agents' runs, by their keys. */
  outcomes: Record<string, AgentOutcome>;
  errors: Report['errors'];
}

/**
 * Carries a plan out in its order; every result is pushed to `results` as soon as it is known, so that a run which ends
 * in the middle still reports what was done. A change whose forerunner was not done is not tried; the others go on,
 * unless the failure is one that every further call would meet as well.
 */
export async function applyPlan(
  changes: Change[],
  given: {
    context: Omit<ApplyContext, 'made'>;
    mask: Mask;
    results: Result[];
    say: (line: string) => void;
    /** All scopes that the role's token needs: told where one is missing. */
    scopes?: readonly string[];
  },
): Promise<Applied> {
  const { mask, results, say, scopes = [] } = given;
  const context: ApplyContext = { ...given.context, made: new Map() };
  const applied: Applied = { made: {}, answers: {}, outcomes: {}, errors: [] };
  /** Keys of changes that were not done: what waits for them is not tried. */
  const notDone = new Set<string>();
  /** Keys of changes that wait for the next look: what waits for them waits as well, and is no failure. */
  const putOff = new Set<string>();
  let isStopped = false;
  const settle = (index: number, change: Change, result: Omit<Result, 'change'>): void => {
    results.push({ change: index, ...result });
    if (result.status !== 'done' && change.key !== undefined)
      (isSettled(result.status) ? putOff : notDone).add(change.key);
    say(`  ${result.status === 'done' ? 'ok' : result.status}: ${result.said}`);
  };
  for (const [index, change] of changes.entries()) {
    if (!isWrite(change)) continue;
    const needed = neededKeys(change);
    const missing = needed.find((key) => notDone.has(key));
    const later = needed.find((key) => putOff.has(key));
    if (isStopped || missing !== undefined) {
      settle(index, change, {
        status: 'not-done',
        said: `${describeChange(change)}: ${isStopped ? 'the run stopped at the failure above' : `waits for ${missing}, which was not done`}`,
      });
      continue;
    }
    if (later !== undefined) {
      settle(index, change, {
        status: 'stale',
        said: `${describeChange(change)}: put off until ${later} is looked at again`,
      });
      continue;
    }
    try {
      refuseSecrets(change, mask);
      if (change.held !== undefined && !(await isHeld(context.claims ?? context.send, change.held))) {
        settle(index, change, {
          status: 'stale',
          said: `${describeChange(change)}: another run has taken this work over, so this one writes nothing more for it`,
        });
        continue;
      }
      const { status, said, number, id, answer, outcome } = await applyChange(change, context);
      if (change.key !== undefined) {
        context.made.set(change.key, {
          ...(number === undefined ? {} : { number }),
          ...(id === undefined ? {} : { id }),
        });
        if (number !== undefined) applied.made[change.key] = number;
        if (answer !== undefined) applied.answers[change.key] = answer;
        if (outcome !== undefined) applied.outcomes[change.key] = outcome;
      }
      settle(index, change, {
        status,
        said,
        ...(number === undefined ? {} : { number }),
        ...(answer === undefined ? {} : { use: answer.use }),
      });
    } catch (error) {
      const [message = '', ...rest] = errorLines(error, scopes);
      applied.errors.push({ message: mask.apply(message), remedy: mask.apply(rest.join('\n')) });
      settle(index, change, {
        status: isApiError(error, 'unknown-outcome') ? 'unknown' : 'failed',
        said: `${describeChange(change)}: ${[message, ...rest].join(' ')}`,
      });
      isStopped = !(error instanceof ApiError) || error.endsTheRun;
    }
  }
  return applied;
}

/**
 * A secret that this run knows goes into no issue, file or question. It is looked for here, where texts are still what they
 * say: in a request a file is base64, and a form of the secret inside it is no longer found.
 */
function refuseSecrets(change: Change, mask: Mask): void {
  if (mask.find(JSON.stringify(change)) >= 0)
    throw new UserError(
      `${describeChange(change)} holds a secret that this run knows; it was not sent.`,
      'Take the secret out of the issue or document it stands in, and revoke it: it was already written down somewhere.',
    );
}
