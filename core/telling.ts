import { isApiError, scopeRemedy } from './api/errors.ts';
import { type Change, countChanges, describeChange, signOf } from './change.ts';
import { causeChain, UserError } from './errors.ts';
import { isKept, isWrite } from './plan.ts';
import { isRed, type Outcome, type Tally } from './report.ts';

// What a run prints, as lines; pure. Masking and printing them is the loop's, in run.ts.

/** Why a run writes nothing whatever it plans. */
export type Restraint = 'dry run' | 'pull request';

/** A plan as it is printed: one sentence, or a title with a line for each change. */
export type PlanText = { kind: 'sentence'; text: string } | { kind: 'list'; title: string; lines: string[] };

/**
 * The plan, before anything happens: signs, counts, and the reason of everything that is not simply kept. What was
 * noticed in one round is still so in the next; `isKnown` says what was printed before, so that it is printed once.
 */
export function planText(
  changes: Change[],
  given: {
    /** From 1. */
    round: number;
    restraint: Restraint | undefined;
    isKnown: (notice: string) => boolean;
    /** Whether kept items are listed although there is nothing else. */
    isDetailed: boolean;
  },
): PlanText {
  const { round, restraint, isKnown, isDetailed } = given;
  const isFirst = round === 1;
  const writes = changes.some(isWrite);
  const notices = changes.filter(isNotice);
  const fresh = notices.filter((change) => !isKnown(describeChange(change)));
  if (!writes && notices.length === 0 && !isDetailed)
    return { kind: 'sentence', text: isFirst ? nothingToDo(changes.filter(isKept)) : lookedAgain };
  if (!isFirst && !writes && fresh.length === 0) return { kind: 'sentence', text: lookedAgain };
  return {
    kind: 'list',
    title: `${isFirst ? 'Plan' : `Plan, round ${round}`}: ${countChanges(changes, 'before')}${restraint === undefined ? '' : ` (${restraintNames[restraint]})`}`,
    lines: changes
      .filter((change) => !isNotice(change) || fresh.includes(change))
      .map(
        (change) =>
          `  ${signOf(change)} ${describeChange(change)}${change.why === '' ? '' : `  (${change.why})`}`,
      ),
  };
}

/** What needs somebody's eyes: faults, and what a person should know of. */
export function isNotice(change: Change): boolean {
  return signOf(change) === '!';
}

const lookedAgain = 'Looked again: everything is as planned.';

const restraintNames: Record<Restraint, string> = {
  'dry run': 'dry run',
  'pull request': "a pull request's own pipeline writes nothing",
};

function nothingToDo(kept: Change[]): string {
  const [only] = kept;
  if (only === undefined) return 'Nothing to do: nothing is declared.';
  return `Nothing to do: ${kept.length === 1 ? describeChange(only) : `${kept.length} documents are as they should be`}.`;
}

/**
 * The last lines of a run that came to its end: what was done, what was not, and what colour it has. Where none of that is
 * anything, the plan was one sentence that says so; `isListed`: it was a list, with what a person should know in it or with all
 * that is kept, and then the last line says so.
 */
export function closingLines(
  { done, failed, tried, faults, isPlanned }: Tally,
  given: {
    outcome: Outcome;
    made: Record<string, number>;
    restraint: Restraint | undefined;
    isListed: boolean;
    isNoted: boolean;
  },
): string[] {
  const { outcome, made, restraint, isListed, isNoted } = given;
  const numbers = Object.values(made).map((number) => `#${number}`);
  const unknown = failed.filter(({ result }) => result.status === 'unknown').length;
  const isIdle = done.length === 0 && failed.length === 0 && faults === 0 && !isPlanned;
  return [
    ...(isIdle && isListed
      ? [`Nothing to do.${isNoted ? ' What a person should know is marked with ! above.' : ''}`]
      : []),
    ...(done.length === 0
      ? []
      : [
          `Done: ${countChanges(done, 'after')}.${numbers.length === 0 ? '' : ` New: ${numbers.join(', ')}.`}`,
        ]),
    ...(isPlanned && restraint === 'dry run' ? ['Dry run: nothing was written.'] : []),
    ...(isPlanned && restraint === 'pull request'
      ? ["Nothing was written: this is a pull request's own pipeline."]
      : []),
    ...(failed.length === 0
      ? []
      : [
          `Not done: ${failed.length} of ${tried} changes${unknown === 0 ? '' : `, of which ${unknown} with unknown outcome`}. Mend what is said above and run the role again: it does only what is missing.`,
        ]),
    ...(faults === 0
      ? []
      : [
          `${faults} ${faults === 1 ? 'fault' : 'faults'} to mend, listed above with ${faults === 1 ? 'its' : 'their'} place.`,
        ]),
    ...(isRed(outcome) ? ['The run ends red.'] : []),
  ];
}

function remedyOf(error: UserError, needed: readonly string[]): string {
  if (!isApiError(error, 'scope') || error.scopes.length === 0) return error.remedy;
  const missing = error.scopes.map((scope) => {
    const write = scope.replace(/^read:/, 'write:');
    return needed.includes(write) ? write : scope;
  });
  const all = needed.length === 0 ? '' : ` In all this role needs ${needed.join(', ')}.`;
  return `${scopeRemedy(missing)}${all}`;
}

/**
 * An error as lines: one that the user can fix with its remedy, ours with its causes. `scopes` are all that the role needs:
 * a call that only reads asks for less, and whoever gave the token just that would be back at the first write.
 */
export function errorLines(error: unknown, scopes: readonly string[] = []): string[] {
  if (error instanceof UserError) {
    const remedy = remedyOf(error, scopes);
    return remedy === '' ? [error.message] : [error.message, remedy];
  }
  return [
    'forgecrew itself failed; this is a defect. Please report it with these lines:',
    ...causeChain(error).map((line) => `  ${line}`),
  ];
}
