// What a run costs where much is finished: `npm run bench -- growth`. A row for each role and each size; every role has a
// file of its own beside this one.
import { dashboardGrowth } from './growth-dashboard.ts';
import { filingGrowth } from './growth-filing.ts';
import { pitchGrowth } from './growth-pitch.ts';
import { vaultGrowth } from './growth-vault.ts';
import type { Row } from './measure.ts';

export const conditions = 'the embedded forge; calls, not time.';

export async function measure(): Promise<Row[]> {
  const sizes = [10, 100, 1000];
  return [
    ...(await vaultGrowth(sizes)),
    ...(await pitchGrowth(sizes)),
    ...(await filingGrowth(sizes)),
    ...(await dashboardGrowth(sizes)),
  ];
}
