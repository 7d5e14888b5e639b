import { alone } from '../api/errors.ts';
import type { Send } from '../api/send.ts';
import { getRun } from '../forge/workflows.ts';
import { isGoingOn } from '../host/backends.ts';
import { runNumber } from '../run-number.ts';
import { getPipeline, lookupRepository } from '../woodpecker/pipelines.ts';
import type { Entry } from './entry.ts';

/** How long a CI is believed that says of a run whose lease ran out that it goes on: it may have lost it, and say so for ever. */
const believedMs = 6 * 60 * 60_000;

/**
 * Why nobody works on an entry any more: its lease ran out, or the run that holds it is over. `null` while it may go on: what
 * cannot be found out is not over before the lease is, and where CI says that a run goes on, a lease that ran out by our clock
 * alone ends nothing. The clock of this machine may be hours ahead of the one that wrote the lease.
 */
export async function readOver(
  { send, woodpecker, now }: { send: Send; woodpecker?: Send | undefined; now: string },
  { lease, run_url: url }: Entry,
): Promise<string | null> {
  const late = Date.parse(now) - Date.parse(lease.until);
  const ranOut = late > 0 ? `its lease ran out at ${lease.until}` : null;
  const { run } = lease;
  if (run === null || late > believedMs) return ranOut;
  const { value } = await alone(async () => {
    if (run.backend === 'forgejo-workflow') return (await getRun(send, run.repository, run.id)).status;
    if (woodpecker === undefined) return undefined;
    return (await getPipeline(woodpecker, await lookupRepository(woodpecker, run.repository), run.id)).status;
  });
  if (value === undefined) return ranOut;
  return isGoingOn(value) ? null : `its run ${runNumber({ id: run.id, url })} is over (${value})`;
}
