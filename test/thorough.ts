// How much of what could be tried is tried. `npm test` takes a sample that is the same every time; `npm run faults` tries
// all of it, which takes minutes: it sets these two variables.

/** Whether a run is cut off at every one of its calls, and not at a few of them. */
export const isThorough = process.env.FORGECREW_FAULTS === 'all';

const runs = Number(process.env.FORGECREW_FUZZ_RUNS ?? 100);

/** How many random inputs a property is tried on: so many for each run that is asked for, at least one. */
export function fuzzRuns(forEach: number): number {
  return Math.max(1, Math.ceil(runs * forEach));
}
