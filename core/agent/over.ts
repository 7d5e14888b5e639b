import { alone } from '../api/errors.ts';
import type { Send } from '../api/send.ts';
import { getRun } from '../forge/workflows.ts';
import { isGoingOn } from '../host/backends.ts';
import { runNumber } from '../run-number.ts';
import { getPipeline, lookupRepository } from '../woodpecker/pipelines.ts';
import type { Entry } from './entry.ts';

/**
 * Why nobody works on an entry any more: its lease ran out, or the run that holds it is over. `null` while it may go on: what
 * cannot be found out is not over before the lease is.
 */
export async function readOver(
  { send, woodpecker, now }: { send: Send; woodpecker?: Send | undefined; now: string },
  { lease, run_url: url }: Entry,
): Promise<string | null> {
  if (Date.parse(now) > Date.parse(lease.until)) return `its lease ran out at ${lease.until}`;
  const { run } = lease;
  if (run === null) return null;
  const { value } = await alone(async () => {
    if (run.backend === 'forgejo-workflow') return (await getRun(send, run.repository, run.id)).status;
    if (woodpecker === undefined) return undefined;
    return (await getPipeline(woodpecker, await lookupRepository(woodpecker, run.repository), run.id)).status;
  });
  return value === undefined || isGoingOn(value)
    ? null
    : `its run ${runNumber({ id: run.id, url })} is over (${value})`;
}
