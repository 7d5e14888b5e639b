import * as z from 'zod/mini';
import { type ApiRequest, repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';
import { forgeError } from './errors.ts';
import { user } from './users.ts';

const reaction = z.object({
  /** Absent for an account that was deleted. */
  user: z.nullish(user),
  /** Such as `+1`, as the page's picture is called. */
  content: z.string(),
  created_at: z.string(),
});
export type Reaction = z.infer<typeof reaction>;

/**
 * Who reacted to a comment, with what and when. Nobody can react in another's name, as writers can change another's comment.
 * `GET /repos/{owner}/{repo}/issues/comments/{id}/reactions`, which never pages and is `null` where there are none; scope
 * read:issue.
 */
export async function listReactions(send: Send, name: string, comment: number): Promise<Reaction[]> {
  const all = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/issues/comments/{id}/reactions',
      params: { ...repositoryName(name), id: comment },
    },
    z.nullish(z.array(reaction)),
  );
  return all ?? [];
}

/**
 * Reacts to a comment as our own account; the same reaction again changes nothing, for which forges answer 200 and 500.
 * `POST /repos/{owner}/{repo}/issues/comments/{id}/reactions`, scope write:issue.
 */
export async function addReaction(
  send: Send,
  name: string,
  given: { comment: number; content: string; account: { id: number } },
): Promise<void> {
  const { comment, content, account } = given;
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/issues/comments/{id}/reactions',
    params: { ...repositoryName(name), id: comment },
    body: { content },
  };
  const response = await send(request);
  if (response.status < 300) return;
  const error = forgeError(request, response);
  const isThere =
    error.kind === 'server' &&
    (await listReactions(send, name, comment)).some(
      (item) => item.user?.id === account.id && item.content === content,
    );
  if (!isThere) throw error;
}
