import * as z from 'zod/mini';
import { sameRepository } from '../../accounts.ts';
import { ApiError } from '../../api/errors.ts';
import { type ApiRequest, describeRequest, type Send } from '../../api/send.ts';
import { isWritable, type Scope, writable } from './scope.ts';

/** What an agent's calls may ever ask, reads of the whole repository. All other routes of the client are refused. */
const reads: readonly string[] = [
  '/repos/{owner}/{repo}/issues/{index}',
  '/repos/{owner}/{repo}/issues/{index}/comments',
  '/repos/{owner}/{repo}/pulls/{index}',
];

/** Why a request is not one that an agent may cause, or undefined; pure. `own` are comments that this run has written. */
export function requestRefusal(
  scope: Scope,
  request: ApiRequest,
  own: ReadonlySet<number> = new Set(),
): string | undefined {
  const { method, route, params = {}, body } = request;
  const { owner, repo, index, id } = params;
  if (!sameRepository(`${owner}/${repo}`, scope.repository)) return `it is not about ${scope.repository}`;
  if (method === 'GET') return reads.includes(route) ? undefined : 'it reads what no tool reads';
  const isInScope = typeof index === 'number' && isWritable(scope, index);
  switch (`${method} ${route}`) {
    case 'POST /repos/{owner}/{repo}/issues/{index}/comments':
      return isInScope ? undefined : `this run may write ${writable(scope)}`;
    case 'PATCH /repos/{owner}/{repo}/issues/{index}':
      if (!isInScope) return `this run may write ${writable(scope)}`;
      // The same call closes an issue, renames it, and moves a pull request to another base.
      return Object.keys(Object(body)).join() === 'body' ? undefined : 'it changes more than a description';
    case 'DELETE /repos/{owner}/{repo}/issues/comments/{id}':
      // Of two runs that said the same at once, one takes its own comment back.
      return typeof id === 'number' && own.has(id) ? undefined : 'this run did not write that comment';
    default:
      return 'no tool writes this';
  }
}

/**
 * A `Send` that lets through what an agent may cause and nothing else, whatever went wrong before: the second door, behind the
 * scope that every call is checked against. For the reads of an agent's forge, and for the apply of its writes.
 */
export function scopedSend(send: Send, scope: Scope): Send {
  const own = new Set<number>();
  return async (request) => {
    const why = requestRefusal(scope, request, own);
    if (why !== undefined)
      throw new ApiError(
        'invalid',
        0,
        `${describeRequest(request)} was not sent: an agent may not cause it, because ${why}.`,
        '',
      );
    const response = await send(request);
    if (request.method === 'POST' && response.status < 300) {
      const made = z.object({ id: z.int() }).safeParse(response.body);
      if (made.success) own.add(made.data.id);
    }
    return response;
  };
}
