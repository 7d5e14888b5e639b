import * as z from 'zod/mini';
import { call } from './call.ts';
import { repositoryName, type Send } from './send.ts';

const event = z.object({ id: z.int(), type: z.string() });

/**
 * Whether an issue was closed at some time after a comment on it. Without `page` this route gives everything.
 * `GET /repos/{owner}/{repo}/issues/{index}/timeline`, scope read:issue; comments and events share one row of ids.
 */
export async function closedAfterComment(
  send: Send,
  name: string,
  index: number,
  comment: { id: number },
): Promise<boolean> {
  const events = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/issues/{index}/timeline',
      params: { ...repositoryName(name), index },
    },
    z.array(event),
  );
  return events.some(({ id, type }) => type === 'close' && id > comment.id);
}
