import * as z from 'zod/mini';
import { shaped } from '../api/call.ts';
import { ApiError } from '../api/errors.ts';
import { type ApiRequest, describeRequest, type Send } from '../api/send.ts';
import { call, woodpeckerError } from './call.ts';

export { woodpeckerService } from './call.ts';

const pipeline = z.object({
  number: z.int(),
  status: z.string(),
  event: z.string(),
  /** The login of who started it. */
  author: z.string(),
  /** What runs. */
  commit: z.nullish(z.string()),
  /** Why it could not start, and what it warns of. */
  errors: z.nullish(z.array(z.object({ message: z.string(), is_warning: z.nullish(z.boolean()) }))),
  /** Seconds since 1970. */
  created: z.int(),
  /** What it was started with by hand or by cron. */
  variables: z.nullish(z.record(z.string(), z.string())),
  /** Of a list, absent. */
  workflows: z.nullish(z.array(z.object({ name: z.string(), state: z.string() }))),
});
export type Pipeline = z.infer<typeof pipeline>;

/** Whose token it is: the login that pipelines started with it have as their author. `GET /api/user`. */
export async function getLogin(send: Send): Promise<string> {
  const { login } = await call(send, { method: 'GET', route: '/user' }, z.object({ login: z.string() }));
  return login;
}

function lookup(send: Send, name: string): Promise<{ id: number; active?: boolean | null | undefined }> {
  return call(
    send,
    { method: 'GET', route: '/repos/lookup/{path}', params: { path: name } },
    z.object({ id: z.int(), active: z.nullish(z.boolean()) }),
  );
}

/** Woodpecker's own number of a repository of the forge. `GET /api/repos/lookup/{owner}/{name}`. */
export async function lookupRepository(send: Send, name: string): Promise<number> {
  return (await lookup(send, name)).id;
}

/**
 * Why nothing can be started in a repository with this token, or undefined. Asked before anything is decided on it:
 * Woodpecker shows public repositories to everybody, whatever the token. `GET /api/user`, `GET
 * /api/repos/lookup/{owner}/{name}` and `GET /api/repos/{id}/permissions`.
 */
export async function whyNotStart(send: Send, name: string): Promise<string | undefined> {
  try {
    const login = await getLogin(send);
    const { id, active } = await lookup(send, name);
    // One that was switched off is still known, and a start there is answered with a 500, which says nothing of what happened.
    if (active === false)
      return `Woodpecker: ${name} is not active there, so nothing of it runs. Let an admin of it activate it (Add repository).`;
    const { push } = await call(
      send,
      { method: 'GET', route: '/repos/{id}/permissions', params: { id } },
      z.object({ push: z.boolean() }),
    );
    return push
      ? undefined
      : `Woodpecker: ${login} may not start pipelines of ${name}. Give that account push access to the repository, or woodpecker-token one of another account.`;
  } catch (error) {
    if (error instanceof ApiError && ['token', 'not-found'].includes(error.kind))
      return `${error.message} ${error.remedy}`;
    throw error;
  }
}

/**
 * Starts every workflow of a repository that takes the event `manual`, at the head of a branch; answers the pipeline's
 * number. `POST /api/repos/{id}/pipelines`, which answers 204 when there is no such workflow.
 */
export async function startPipeline(
  send: Send,
  repositoryId: number,
  given: { branch: string; variables: Record<string, string> },
): Promise<number> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{id}/pipelines',
    params: { id: repositoryId },
    body: given,
  };
  const response = await send(request);
  // Whatever else answers so says nothing of what Woodpecker did.
  if (response.status === 204 && response.headers['pipeline-filtered'] !== 'true')
    throw new ApiError(
      'unknown-outcome',
      204,
      `Woodpecker: ${describeRequest(request)} answered 204, and not as Woodpecker does where nothing is to run: whether something runs is unknown.`,
      'Run the role again: it finds out by reading. Look at what stands between this step and Woodpecker.',
    );
  if (response.status === 204)
    throw new ApiError(
      'invalid',
      204,
      `Woodpecker: no workflow on ${given.branch} is started by the event manual, so nothing runs.`,
      'Add `event: manual` to its `when`.',
    );
  if (response.status < 200 || response.status > 299) throw woodpeckerError(request, response);
  return shaped(request, response, z.object({ number: z.int() })).number;
}

/** Ends a pipeline; one that is over stays as it is. `POST /api/repos/{id}/pipelines/{number}/cancel`. */
export async function cancelPipeline(send: Send, repositoryId: number, number: number): Promise<void> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{id}/pipelines/{number}/cancel',
    params: { id: repositoryId, number },
  };
  const response = await send(request);
  // 400: it is over.
  if (response.status >= 300 && response.status !== 400) throw woodpeckerError(request, response);
}

/** `GET /api/repos/{id}/pipelines/{number}`, with its workflows. */
export function getPipeline(send: Send, repositoryId: number, number: number): Promise<Pipeline> {
  return call(
    send,
    { method: 'GET', route: '/repos/{id}/pipelines/{number}', params: { id: repositoryId, number } },
    pipeline,
  );
}

const perPage = 50;

/** Pages of a repository's pipelines, newest first, until one is empty. `GET /api/repos/{id}/pipelines`. */
async function* pagesOf(
  send: Send,
  id: number,
  { most, event }: { most: number; event?: string },
): AsyncGenerator<Pipeline[]> {
  const only = event === undefined ? {} : { event };
  for (let page = 1; page <= most; page += 1) {
    const found = await call(
      send,
      { method: 'GET', route: '/repos/{id}/pipelines', params: { id, ...only, page, perPage } },
      z.array(pipeline),
    );
    if (found.length === 0) return;
    yield found;
  }
}

/** So many pages are read: what is further back was started long ago. */
const mostPages = 4;

/**
 * The newest pipelines that were started by hand or through the API, as far back as a moment and at least a page; what goes on
 * further back than a few pages is not seen. `GET /api/repos/{id}/pipelines`, newest first.
 */
export async function manualPipelines(send: Send, repositoryId: number, since: string): Promise<Pipeline[]> {
  const found: Pipeline[] = [];
  for await (const some of pagesOf(send, repositoryId, { most: mostPages, event: 'manual' })) {
    found.push(...some);
    if (oldestOf(some) < Date.parse(since) / 1000) break;
  }
  return found;
}

/**
 * The number of the pipeline that an account started with just these variables since a moment, or undefined when every
 * one since then is known. `GET /api/repos/{id}/pipelines`, newest first.
 */
export async function findPipeline(
  send: Send,
  repositoryId: number,
  { author, variables, since }: { author: string; variables: Record<string, string>; since: string },
): Promise<number | undefined> {
  const wanted = Object.entries(variables);
  // A minute is left for clocks that differ.
  const from = Date.parse(since) / 1000 - 60;
  const most = Number.POSITIVE_INFINITY;
  for await (const found of pagesOf(send, repositoryId, { most, event: 'manual' })) {
    const ours = found.find(
      (item) =>
        item.author === author &&
        Object.keys(item.variables ?? {}).length === wanted.length &&
        wanted.every(([name, value]) => item.variables?.[name] === value),
    );
    if (ours !== undefined) return ours.number;
    if (oldestOf(found) < from) return undefined;
  }
  return undefined;
}

/** When the last one of a page was created, in seconds since 1970. */
function oldestOf(found: readonly Pipeline[]): number {
  return found.at(-1)?.created ?? 0;
}

const step = z.object({ id: z.int(), name: z.string(), state: z.string(), error: z.nullish(z.string()) });

/** A pipeline that failed, with the steps that did. */
export interface FailedPipeline {
  number: number;
  /** Why nothing of it ran, where it did not. */
  errors: string[];
  steps: { id: number; workflow: string; name: string; error: string }[];
}

const failing = new Set(['failure', 'error', 'killed']);

/**
 * Pipelines of a commit that failed, each as the newest of what started it, as far as they are among the two hundred newest of
 * the repository: the list cannot be asked for a commit. `GET /api/repos/{id}/pipelines` and `GET
 * /api/repos/{id}/pipelines/{number}`.
 */
export async function failedPipelines(
  send: Send,
  repositoryId: number,
  commit: string,
): Promise<FailedPipeline[]> {
  const newest = new Map<string, Pipeline>();
  for await (const found of pagesOf(send, repositoryId, { most: mostPages })) {
    for (const item of found)
      if (item.commit === commit && !newest.has(item.event)) newest.set(item.event, item);
    if (newest.size > 0) break;
  }
  const failed = [...newest.values()].filter(({ status }) => failing.has(status));
  return Promise.all(failed.map(({ number }) => failedPipeline(send, repositoryId, number)));
}

async function failedPipeline(send: Send, repositoryId: number, number: number): Promise<FailedPipeline> {
  const { errors, workflows } = await call(
    send,
    { method: 'GET', route: '/repos/{id}/pipelines/{number}', params: { id: repositoryId, number } },
    z.object({
      errors: pipeline.shape.errors,
      workflows: z.nullish(z.array(z.object({ name: z.string(), children: z.nullish(z.array(step)) }))),
    }),
  );
  return {
    number,
    errors: (errors ?? []).filter(({ is_warning }) => is_warning !== true).map(({ message }) => message),
    steps: (workflows ?? []).flatMap(({ name: workflow, children }) =>
      (children ?? [])
        .filter(({ state }) => failing.has(state))
        .map(({ id, name, error }) => ({ id, workflow, name, error: error ?? '' })),
    ),
  };
}

/**
 * What a step printed, as far as the last bytes of the answer hold it: its lines are JSON objects with base64 in them, so
 * that a new object begins where one ends. `GET /api/repos/{id}/logs/{number}/{step}`.
 */
export async function endOfStepLog(
  send: Send,
  repositoryId: number,
  given: { pipeline: number; step: number; bytes: number },
): Promise<string> {
  const text = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{id}/logs/{number}/{step}',
      params: { id: repositoryId, number: given.pipeline, step: given.step },
      lastBytes: given.bytes,
    },
    z.nullable(z.string()),
  );
  const entry = /\{[^{}]*\}/g;
  return [...(text ?? '').matchAll(entry)].map(([json]) => lineOf(json)).join('');
}

function lineOf(json: string): string {
  try {
    const { data, type } = logEntry.parse(JSON.parse(json));
    // Of the other kinds are exit codes and how far something is.
    if (type > 1) return '';
    return `${Buffer.from(data ?? '', 'base64')
      .toString('utf8')
      .replace(/\n$/, '')}\n`;
  } catch {
    return '';
  }
}

const logEntry = z.object({ data: z.nullish(z.string()), type: z.int() });
