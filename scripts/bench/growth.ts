// What a run costs where much is finished: `npm run bench -- growth`. A row for each role and each size; every role has a
// file of its own beside this one.
import { filingGrowth } from './growth-filing.ts';
import type { Row } from './measure.ts';

export const conditions = 'the embedded forge; calls, not time.';

export async function measure(): Promise<Row[]> {
  return [...(await filingGrowth([10, 100, 1000]))];
}
