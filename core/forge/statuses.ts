import * as z from 'zod/mini';
import { sameAccount } from '../accounts.ts';
import { repositoryName, type Send } from '../api/send.ts';
import { anything, call, list } from './call.ts';
import { user } from './users.ts';

export const statusStates = ['pending', 'success', 'failure', 'error'] as const;
export type StatusState = (typeof statusStates)[number];

const combined = z.object({
  statuses: z.nullish(
    z.array(
      z.object({
        context: z.string(),
        /** What other forges call `state`. */
        status: z.string(),
        description: z.string(),
      }),
    ),
  ),
});

/**
 * The newest status of a commit under a name of ours, or undefined.
 * `GET /repos/{owner}/{repo}/commits/{ref}/status`, scope read:repository.
 */
export async function findStatus(
  send: Send,
  name: string,
  sha: string,
  context: string,
): Promise<{ state: string; description: string } | undefined> {
  const { statuses } = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/commits/{sha}/status',
      params: { ...repositoryName(name), sha, limit: 50 },
    },
    combined,
  );
  const found = statuses?.find((item) => item.context === context);
  return found === undefined ? undefined : { state: found.status, description: found.description };
}

const latest = z.object({
  context: z.string(),
  status: z.string(),
  description: z.string(),
  target_url: z.nullish(z.string()),
  created_at: z.string(),
});

/** A status that says that something failed, as the newest under its name. */
export interface FailedStatus {
  context: string;
  description: string;
  /** As it was given: the forge's own jobs have only a path. */
  url: string | null;
  at: string;
}

/**
 * What failed on a commit by the newest status of each name, and whether anything is still to end: a commit is red for good
 * only when nothing is. `GET /repos/{owner}/{repo}/commits/{ref}/status`, all pages; scope read:repository.
 */
export async function failedStatuses(
  send: Send,
  name: string,
  sha: string,
): Promise<{ failed: FailedStatus[]; isPending: boolean }> {
  // The list is a part of the answer, and its count of all names stands in the header alone: that in the body is of the page.
  const sendList: Send = async (request) => {
    const response = await send(request);
    const { body } = response;
    const isAnswer = response.status < 300 && typeof body === 'object' && body !== null && 'statuses' in body;
    return isAnswer ? { ...response, body: body.statuses ?? [] } : response;
  };
  const all = await list(
    sendList,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/commits/{sha}/status',
      params: { ...repositoryName(name), sha },
    },
    latest,
    ({ context }) => context,
  );
  return {
    failed: all
      .filter(({ status }) => status === 'failure' || status === 'error')
      .map(({ context, description, target_url, created_at }) => ({
        context,
        description,
        url: target_url == null || target_url === '' ? null : target_url,
        at: created_at,
      })),
    isPending: all.some(({ status }) => status === 'pending'),
  };
}

/**
 * Every status that one account gave a commit under a name, oldest first: a status is never changed, only followed by
 * another one. `GET /repos/{owner}/{repo}/commits/{ref}/statuses`, scope read:repository.
 */
export async function statusesBy(
  send: Send,
  name: string,
  sha: string,
  { account, context }: { account: { id: number }; context: string },
): Promise<{ description: string; createdAt: string }[]> {
  const all = await list(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/commits/{sha}/statuses',
      params: { ...repositoryName(name), sha, sort: 'oldest' },
    },
    z.object({
      id: z.int(),
      context: z.string(),
      description: z.string(),
      created_at: z.string(),
      creator: z.nullish(user),
    }),
    ({ id }) => id,
  );
  return all
    .filter((item) => item.context === context && sameAccount(item.creator, account))
    .sort((a, b) => a.id - b.id)
    .map(({ description, created_at }) => ({ description, createdAt: created_at }));
}

/** `POST /repos/{owner}/{repo}/statuses/{sha}`, scope write:repository. */
export async function setStatus(
  send: Send,
  name: string,
  sha: string,
  given: { state: StatusState; context: string; description: string; target_url?: string },
): Promise<void> {
  await call(
    send,
    {
      method: 'POST',
      route: '/repos/{owner}/{repo}/statuses/{sha}',
      params: { ...repositoryName(name), sha },
      body: given,
    },
    anything,
  );
}
