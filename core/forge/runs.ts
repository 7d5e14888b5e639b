import * as z from 'zod/mini';
import { isApiError } from '../api/errors.ts';
import { repositoryName, type Send } from '../api/send.ts';
import { call, pageSize } from './call.ts';

// What the forge's own pipelines came to, for whoever counts them; what starts and follows one run stands in workflows.ts.

const run = z.object({
  id: z.int(),
  status: z.string(),
  /** The name of the workflow's file. */
  workflow_id: z.string(),
  /** A branch, a tag, or `#12`. */
  prettyref: z.string(),
  /** What started it: push, schedule, workflow_dispatch ... */
  trigger_event: z.nullish(z.string()),
  html_url: z.nullish(z.string()),
  created: z.string(),
  stopped: z.nullish(z.string()),
});
export type EndedRun = z.infer<typeof run>;

/**
 * Runs that were created since a moment, newest first, and whether these are all of them: at most `most` are looked at. Undefined
 * where the repository has no Actions, or the forge no such list. `GET /repos/{owner}/{repo}/actions/runs` (since Forgejo 12), scope
 * read:repository.
 */
export async function runsSince(
  send: Send,
  name: string,
  since: string,
  most: number,
): Promise<{ runs: EndedRun[]; complete: boolean } | undefined> {
  // Told apart by their ids: a list that grows while it is read shifts its pages.
  const runs = new Map<number, EndedRun>();
  for (let number = 1; ; number += 1) {
    let items: EndedRun[];
    try {
      ({ workflow_runs: items } = await call(
        send,
        {
          method: 'GET',
          route: '/repos/{owner}/{repo}/actions/runs',
          params: { ...repositoryName(name), page: number, limit: pageSize },
        },
        z.object({ workflow_runs: z.array(run) }),
      ));
    } catch (error) {
      if (number === 1 && isApiError(error, 'no-such-call', 'not-found')) return undefined;
      throw error;
    }
    for (const item of items) runs.set(item.id, item);
    const last = items.at(-1);
    const isOver = last === undefined || Date.parse(last.created) < Date.parse(since);
    if (isOver || number * pageSize >= most)
      return {
        runs: [...runs.values()].filter(({ created }) => Date.parse(created) >= Date.parse(since)),
        complete: isOver,
      };
  }
}

/**
 * The newest fifty runs that wait for a runner, newest first; one that waits for a person is called otherwise. `GET
 * /repos/{owner}/{repo}/actions/runs?status=waiting` (since Forgejo 12), scope read:repository.
 */
export async function waitingRuns(send: Send, name: string): Promise<EndedRun[]> {
  const { workflow_runs: runs } = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/actions/runs',
      params: { ...repositoryName(name), page: 1, limit: pageSize, status: 'waiting' },
    },
    z.object({ workflow_runs: z.nullish(z.array(run)) }),
  );
  return (runs ?? []).filter(({ status }) => status === 'waiting');
}

/**
 * The names of the jobs of a run that failed; none where the forge cannot tell. `GET
 * /repos/{owner}/{repo}/actions/runs/{id}/jobs` (since Forgejo 16), scope read:repository.
 */
export async function failedJobs(send: Send, name: string, id: number): Promise<string[]> {
  try {
    const jobs = await call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/actions/runs/{id}/jobs',
        params: { ...repositoryName(name), id },
      },
      z.nullish(z.array(z.object({ name: z.string(), status: z.string() }))),
    );
    return (jobs ?? []).filter(({ status }) => status === 'failure').map((job) => job.name);
  } catch (error) {
    if (isApiError(error, 'no-such-call', 'not-found')) return [];
    throw error;
  }
}
