import * as z from 'zod/mini';
import { ifThere } from '../api/errors.ts';
import { repositoryName, type Send } from '../api/send.ts';
import { anything, call, list } from './call.ts';
import { user } from './users.ts';

const comment = z.object({
  id: z.int(),
  body: z.string(),
  user: z.nullish(user),
  created_at: z.string(),
  updated_at: z.string(),
});
export type Comment = z.infer<typeof comment>;

/** All comments of an issue or pull request; this route never pages. `GET /repos/{owner}/{repo}/issues/{index}/comments`, scope read:issue. */
export function listComments(send: Send, name: string, index: number): Promise<Comment[]> {
  return call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/issues/{index}/comments',
      params: { ...repositoryName(name), index },
    },
    z.array(comment),
  );
}

/** A comment by its id, or undefined where there is none (any more). `GET /repos/{owner}/{repo}/issues/comments/{id}`, scope read:issue. */
export function findComment(send: Send, name: string, id: number): Promise<Comment | undefined> {
  return ifThere(
    call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/issues/comments/{id}',
        params: { ...repositoryName(name), id },
      },
      comment,
    ),
  );
}

const placed = z.extend(comment, {
  /** The page of what it is on: one of the two is empty. */
  issue_url: z.string(),
  pull_request_url: z.string(),
});

/** A comment with the number of the issue or pull request that it is on. */
export type PlacedComment = Comment & { issue: number };

/**
 * Comments on all issues and pull requests of a repository that were written or edited since a moment (ISO 8601), whole.
 * `GET /repos/{owner}/{repo}/issues/comments`, scope read:issue.
 */
export async function recentComments(send: Send, name: string, since: string): Promise<PlacedComment[]> {
  const found = await list(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/issues/comments',
      params: { ...repositoryName(name), since },
    },
    placed,
    ({ id }) => id,
  );
  return found.flatMap(({ issue_url, pull_request_url, ...item }) => {
    const number = Number(/\/(\d+)$/.exec(issue_url === '' ? pull_request_url : issue_url)?.[1]);
    return Number.isInteger(number) ? [{ ...item, issue: number }] : [];
  });
}

/** `POST /repos/{owner}/{repo}/issues/{index}/comments`, scope write:issue. */
export function createComment(send: Send, name: string, index: number, body: string): Promise<Comment> {
  return call(
    send,
    {
      method: 'POST',
      route: '/repos/{owner}/{repo}/issues/{index}/comments',
      params: { ...repositoryName(name), index },
      body: { body },
    },
    comment,
  );
}

/** `PATCH /repos/{owner}/{repo}/issues/comments/{id}`, scope write:issue. */
export async function editComment(send: Send, name: string, id: number, body: string): Promise<void> {
  await call(
    send,
    {
      method: 'PATCH',
      route: '/repos/{owner}/{repo}/issues/comments/{id}',
      params: { ...repositoryName(name), id },
      body: { body },
    },
    anything,
  );
}

/** `DELETE /repos/{owner}/{repo}/issues/comments/{id}`, scope write:issue. */
export async function deleteComment(send: Send, name: string, id: number): Promise<void> {
  await call(
    send,
    {
      method: 'DELETE',
      route: '/repos/{owner}/{repo}/issues/comments/{id}',
      params: { ...repositoryName(name), id },
    },
    anything,
  );
}
