import * as z from 'zod/mini';
import { repositoryName, type Send } from '../api/send.ts';
import { anything, call } from './call.ts';
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
