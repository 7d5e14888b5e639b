import * as z from 'zod/mini';
import { shaped } from '../api/call.ts';
import { ApiError } from '../api/errors.ts';
import type { ApiRequest, Send } from '../api/send.ts';
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

/** Woodpecker's own number of a repository of the forge. `GET /api/repos/lookup/{owner}/{name}`. */
export async function lookupRepository(send: Send, name: string): Promise<number> {
  const { id } = await call(
    send,
    { method: 'GET', route: '/repos/lookup/{path}', params: { path: name } },
    z.object({ id: z.int() }),
  );
  return id;
}

/**
 * Why nothing can be started in a repository with this token, or undefined. Asked before anything is decided on it:
 * Woodpecker shows public repositories to everybody, whatever the token. `GET /api/user`, `GET
 * /api/repos/lookup/{owner}/{name}` and `GET /api/repos/{id}/permissions`.
 */
export async function whyNotStart(send: Send, name: string): Promise<string | undefined> {
  try {
    const login = await getLogin(send);
    const id = await lookupRepository(send, name);
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
  for (let page = 1; ; page += 1) {
    const found = await call(
      send,
      {
        method: 'GET',
        route: '/repos/{id}/pipelines',
        params: { id: repositoryId, event: 'manual', page, perPage: 50 },
      },
      z.array(pipeline),
    );
    const ours = found.find(
      (item) =>
        item.author === author &&
        Object.keys(item.variables ?? {}).length === wanted.length &&
        wanted.every(([name, value]) => item.variables?.[name] === value),
    );
    if (ours !== undefined) return ours.number;
    const oldest = found.at(-1);
    if (oldest === undefined || oldest.created < from) return undefined;
  }
}
