import * as z from 'zod/mini';
import { shaped } from '../api/call.ts';
import { ifThere, isApiError } from '../api/errors.ts';
import { type ApiRequest, repositoryName, type Send } from '../api/send.ts';
import { call, pageSize } from './call.ts';
import { forgeError } from './errors.ts';

const run = z.object({
  id: z.int(),
  status: z.string(),
  /** The name of its workflow's file; absent on forges that do not say. */
  workflow_id: z.nullish(z.string()),
  commit_sha: z.string(),
  created: z.string(),
  html_url: z.string(),
  trigger_user: z.nullish(z.object({ id: z.int() })),
  /** What started it, as JSON: its inputs among it. */
  event_payload: z.string(),
});
export type WorkflowRun = z.infer<typeof run>;

/** The inputs a run was started with, as far as its workflow declares them. */
export function inputsOf({ event_payload }: WorkflowRun): Record<string, unknown> {
  try {
    const { inputs } = JSON.parse(event_payload);
    return typeof inputs === 'object' && inputs !== null ? inputs : {};
  } catch {
    return {};
  }
}

/**
 * Starts a workflow on the head of a branch, or as it is at a commit: then this commit is what runs, however far the branch
 * has moved. Answers the run's id, and its number in the repository; undefined where the forge tells none
 * (before Forgejo 11). An input that the workflow does not declare is dropped by the forge without a word.
 * `POST /repos/{owner}/{repo}/actions/workflows/{name}/dispatches`, scope write:repository.
 */
export async function dispatchWorkflow(
  send: Send,
  repository: string,
  given: { workflow: string; ref: string; inputs: Record<string, string> },
): Promise<{ id: number; number: number } | undefined> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/actions/workflows/{name}/dispatches',
    params: { ...repositoryName(repository), name: given.workflow },
    body: { ref: given.ref, inputs: given.inputs, return_run_info: true },
  };
  const response = await send(request);
  if (response.status === 204) return undefined;
  if (response.status >= 300) throw forgeError(request, response);
  const answer = shaped(request, response, z.object({ id: z.int(), run_number: z.nullish(z.int()) }));
  return { id: answer.id, number: answer.run_number ?? answer.id };
}

/**
 * Whether a tag or a branch is called like a commit. The forge looks for a tag of the name that it is to start a workflow at,
 * then for a branch, and only then for a commit. `GET /repos/{owner}/{repo}/git/refs/{ref}`, scope read:repository.
 */
export async function isNameOfRef(send: Send, repository: string, commit: string): Promise<boolean> {
  const ref = z.object({ ref: z.string() });
  for (const kind of ['tags', 'heads']) {
    const path = `${kind}/${commit}`;
    const found = await ifThere(
      call(
        send,
        {
          method: 'GET',
          route: '/repos/{owner}/{repo}/git/refs/{path}',
          params: { ...repositoryName(repository), path },
        },
        z.union([ref, z.array(ref)]),
      ),
    );
    if (found !== undefined && [found].flat().some((item) => item.ref === `refs/${path}`)) return true;
  }
  return false;
}

/**
 * Ends a run; one that is over stays as it is. False where the forge has no such call (before Forgejo 16).
 * `POST /repos/{owner}/{repo}/actions/runs/{id}/cancel`, scope write:repository.
 */
export async function cancelRun(send: Send, repository: string, id: number): Promise<boolean> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/actions/runs/{id}/cancel',
    params: { ...repositoryName(repository), id },
  };
  const response = await send(request);
  if (response.status < 300) return true;
  if (response.status === 404 || response.status === 405) return false;
  throw forgeError(request, response);
}

/** Runs of repositories as they are at one moment: a page of a list is asked for once, however many runs are looked for in it. */
export type Runs = ReturnType<typeof createRuns>;

/**
 * A look at the runs of repositories, `GET /repos/{owner}/{repo}/actions/runs`, scope read:repository. Made anew for each round,
 * since runs go on.
 */
export function createRuns(send: Send) {
  const pages = new Map<string, Promise<WorkflowRun[]>>();
  const page = (repository: string, number: number): Promise<WorkflowRun[]> => {
    const key = `${repository} ${number}`;
    const known = pages.get(key) ?? runsPage(send, repository, number);
    pages.set(key, known);
    return known;
  };
  return {
    /** A run by its id. `isOneOfMany`: then it is looked for among the newest first. */
    async byId(repository: string, id: number, isOneOfMany: boolean): Promise<WorkflowRun> {
      const newest = isOneOfMany ? await page(repository, 1) : [];
      return newest.find((item) => item.id === id) ?? (await getRun(send, repository, id));
    },
    /** See `findRun`. */
    find: (repository: string, given: Parameters<typeof findRun>[1]): Promise<WorkflowRun | undefined> =>
      findRun((number) => page(repository, number), given),
  };
}

/**
 * Why runs of a repository could not be followed, or undefined: asked before one is started, because what is started and cannot
 * be followed is spent without anybody learning how it ended. `GET /repos/{owner}/{repo}/actions/runs` (since Forgejo 12),
 * scope read:repository.
 */
export async function whyNotFollow(send: Send, repository: string): Promise<string | undefined> {
  try {
    await runsPage(send, repository, 1, 1);
    return undefined;
  } catch (error) {
    if (!isApiError(error, 'no-such-call', 'not-found')) throw error;
    const off = `If workflows are switched off in the settings of ${repository}, switch them on.`;
    return `its run could not be followed: ${error.message} ${error.remedy}${error.kind === 'not-found' ? ` ${off}` : ''}`;
  }
}

/** What the forge calls a run that goes on. */
const goingOn = ['waiting', 'blocked', 'running'];

/** So many pages of one list are read, where a forge heeds no filter: what is further back began long ago. */
const mostPages = 10;

/**
 * Runs that somebody or something started with inputs: all that go on, and those that were created since a moment. `GET
 * /repos/{owner}/{repo}/actions/runs` (since Forgejo 12), scope read:repository.
 */
export async function dispatchedRuns(
  send: Send,
  repository: string,
  since: string | undefined,
): Promise<{ run: WorkflowRun; isGoingOn: boolean }[]> {
  const found = new Map<number, WorkflowRun>();
  const read = async (
    filter: Record<string, string>,
    isFar: (oldest: WorkflowRun) => boolean,
  ): Promise<void> => {
    for (let number = 1; number <= mostPages; number += 1) {
      const runs = await runsPage(send, repository, number, pageSize, filter);
      for (const item of runs) found.set(item.id, item);
      const oldest = runs.at(-1);
      // A short page proves nothing: servers cap its size.
      if (oldest === undefined || isFar(oldest)) return;
    }
  };
  const event = 'workflow_dispatch';
  // A minute is left for clocks that differ.
  if (since !== undefined)
    await read({ event }, ({ created }) => Date.parse(created) < Date.parse(since) - 60_000);
  // Read last, each by itself, in the order in which a run goes through them: one that moves on meanwhile is met again.
  for (const status of goingOn) await read({ event, status }, () => false);
  return [...found.values()].map((item) => ({ run: item, isGoingOn: goingOn.includes(item.status) }));
}

/** One page of all runs, newest first. `GET /repos/{owner}/{repo}/actions/runs`, scope read:repository. */
async function runsPage(
  send: Send,
  repository: string,
  number: number,
  limit: number = pageSize,
  filter: Record<string, string> = {},
): Promise<WorkflowRun[]> {
  const { workflow_runs } = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/actions/runs',
      params: { ...repositoryName(repository), page: number, limit, ...filter },
    },
    z.object({ workflow_runs: z.array(run) }),
  );
  return workflow_runs;
}

/** `GET /repos/{owner}/{repo}/actions/runs/{id}`, scope read:repository. */
export function getRun(send: Send, repository: string, id: number): Promise<WorkflowRun> {
  return call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/actions/runs/{id}',
      params: { ...repositoryName(repository), id },
    },
    run,
  );
}

/** The run that an account started with just these inputs since a moment, or undefined when every run since then is known. */
async function findRun(
  page: (number: number) => Promise<WorkflowRun[]>,
  given: { by: number; inputs: Record<string, string>; since: string },
): Promise<WorkflowRun | undefined> {
  const { by, since } = given;
  const wanted = Object.entries(given.inputs);
  for (let number = 1; ; number += 1) {
    const runs = await page(number);
    const found = runs.find((item) => {
      const inputs = inputsOf(item);
      return (item.trigger_user?.id ?? by) === by && wanted.every(([name, value]) => inputs[name] === value);
    });
    if (found !== undefined) return found;
    const oldest = runs.at(-1);
    // A minute is left for clocks that differ.
    if (oldest === undefined || Date.parse(oldest.created) < Date.parse(since) - 60_000) return undefined;
  }
}

const failedRun = z.object({
  id: z.int(),
  status: z.string(),
  commit_sha: z.string(),
  workflow_id: z.string(),
  /** By what it was started: a push and a pull request run the same workflow on one commit. */
  trigger_event: z.nullish(z.string()),
  html_url: z.string(),
});

/**
 * Runs of a commit that failed, each as the newest of its workflow and of what started it, as far as they are among its fifty
 * newest. `GET /repos/{owner}/{repo}/actions/runs` (since Forgejo 12), scope read:repository.
 */
export async function failedRuns(
  send: Send,
  repository: string,
  commit: string,
): Promise<z.infer<typeof failedRun>[]> {
  const { workflow_runs } = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/actions/runs',
      params: { ...repositoryName(repository), head_sha: commit, page: 1, limit: pageSize },
    },
    z.object({ workflow_runs: z.nullish(z.array(failedRun)) }),
  );
  const newest = new Map<string, z.infer<typeof failedRun>>();
  for (const item of (workflow_runs ?? []).toSorted((a, b) => a.id - b.id))
    if (item.commit_sha === commit) newest.set(`${item.workflow_id} ${item.trigger_event}`, item);
  return [...newest.values()].filter(({ status }) => status === 'failure');
}

/** The jobs of a run. `GET /repos/{owner}/{repo}/actions/runs/{id}/jobs` (since Forgejo 16), scope read:repository. */
export function jobsOf(
  send: Send,
  repository: string,
  run: number,
): Promise<{ id: number; name: string; status: string }[]> {
  return call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/actions/runs/{id}/jobs',
      params: { ...repositoryName(repository), id: run },
    },
    z.array(z.object({ id: z.int(), name: z.string(), status: z.string() })),
  );
}

/**
 * The last bytes of the log of a job's newest attempt. `GET /repos/{owner}/{repo}/actions/jobs/{id}/logs` (since Forgejo 16),
 * scope read:repository.
 */
export async function endOfLog(send: Send, repository: string, job: number, bytes: number): Promise<string> {
  const text = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/actions/jobs/{id}/logs',
      params: { ...repositoryName(repository), id: job },
      lastBytes: bytes,
    },
    z.nullable(z.string()),
  );
  return text ?? '';
}
