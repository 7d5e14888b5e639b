import * as z from 'zod/mini';
import { call, list } from './call.ts';
import { forgeError, isForgeError } from './errors.ts';
import { type ForgeRequest, repositoryName, type Send } from './send.ts';
import { user } from './users.ts';

const pull = z.object({
  number: z.int(),
  title: z.string(),
  state: z.string(),
  merged: z.boolean(),
  /** Absent for an account that was deleted. */
  user: z.nullish(user),
  head: z.object({ ref: z.string(), sha: z.string(), repo_id: z.number() }),
  base: z.object({ ref: z.string(), repo_id: z.number() }),
});
export type Pull = z.infer<typeof pull>;

/**
 * The pull request from one branch of a repository into another: the open one where there is one, otherwise one that
 * was closed or merged, otherwise undefined. `GET /repos/{owner}/{repo}/pulls/{base}/{head}` and `GET
 * /repos/{owner}/{repo}/pulls`, scope read:repository.
 */
export async function findPull(
  send: Send,
  name: string,
  base: string,
  head: string,
): Promise<Pull | undefined> {
  let found: Pull;
  try {
    found = await call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/pulls/{base}/{head}',
        params: { ...repositoryName(name), base, head },
      },
      pull,
    );
  } catch (error) {
    if (isForgeError(error, 'not-found')) return undefined;
    throw error;
  }
  if (found.state === 'open') return found;
  // That route names any of several; whether an open one stands beside a closed one only the list tells.
  const open = await list(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/pulls',
      params: { ...repositoryName(name), state: 'open' },
    },
    pull,
    ({ number }) => number,
  );
  return (
    open.find(
      (item) => item.base.ref === base && item.head.ref === head && item.head.repo_id === item.base.repo_id,
    ) ?? found
  );
}

/**
 * Opens a pull request; undefined when somebody else was first, or there is nothing between the two branches.
 * `POST /repos/{owner}/{repo}/pulls`, scope write:repository.
 */
export async function openPull(
  send: Send,
  name: string,
  given: { base: string; head: string; title: string; body: string },
): Promise<number | undefined> {
  const request: ForgeRequest = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/pulls',
    params: { ...repositoryName(name) },
    body: given,
  };
  const response = await send(request);
  if (response.status < 300) return z.object({ number: z.int() }).parse(response.body).number;
  const error = forgeError(request, response);
  if (error.kind === 'conflict' || (error.status === 422 && error.message.includes('no changes')))
    return undefined;
  throw error;
}
