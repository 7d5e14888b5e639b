// How much of what could be tried is tried. `npm test` takes a sample that is the same every time; `npm run faults` tries
// all of it, which takes minutes: it sets these two variables.

/** Whether a run is cut off at every one of its calls, and not at a few of them. */
export const isThorough = process.env.FORGECREW_FAULTS === 'all';

const [part = 1, parts = 1] = (process.env.FORGECREW_FAULTS_PART ?? '1/1').split('/').map(Number);

/** Those of this part, where somebody splits all that there is to try: `FORGECREW_FAULTS_PART=2/8` is the second eighth. */
export function ofThisPart<T>(all: readonly T[]): T[] {
  return all.filter((_, index) => index % parts === part - 1);
}

/** How long a test may take that cuts runs off one after the other, in milliseconds: nobody waits for hours in `npm test`. */
export const limitOfStrikes = isThorough ? 4 * 3_600_000 : 600_000;

const runs = Number(process.env.FORGECREW_FUZZ_RUNS ?? 100);

/** How many random inputs a property is tried on: so many for each run that is asked for, at least one. */
export function fuzzRuns(forEach: number): number {
  return Math.max(1, Math.ceil(runs * forEach));
}
