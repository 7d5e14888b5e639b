import * as z from 'zod/mini';
import { repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';
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
