import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuzzRuns } from '../../../thorough.ts';
import { history, tell } from './histories.ts';

it('whatever happened, no file is lost, and no commit before its thirty days are over', async () => {
  const runs = fuzzRuns(0.1);
  let reaped = 0;
  let kept = 0;

  await fc.assert(
    fc.asyncProperty(history, async (events) => {
      const told = await tell(events);
      reaped += told.reaped;
      kept += told.kept;
      expect(told.faults).toEqual([]);
    }),
    { seed: 17, numRuns: runs },
  );

  // Where nothing is ever taken away, nothing is lost either.
  expect(reaped).toBeGreaterThan(runs / 5);
  expect(kept).toBeGreaterThan(runs / 5);
});
