import * as z from 'zod/mini';
import { isApiError } from '../api/errors.ts';
import { repositoryName, type Send } from '../api/send.ts';
import { anything, call, list } from './call.ts';
import { forgeError } from './errors.ts';

export const label = z.object({
  id: z.int(),
  name: z.string(),
  /** Whether an issue carries only one label of this scope; absent on forges that do not say. */
  exclusive: z.optional(z.boolean()),
});
export type Label = z.infer<typeof label>;

/** The repository's own labels, without its organisation's. `GET /repos/{owner}/{repo}/labels`, scope read:issue. */
export function listLabels(send: Send, name: string): Promise<Label[]> {
  return list(
    send,
    { method: 'GET', route: '/repos/{owner}/{repo}/labels', params: { ...repositoryName(name) } },
    label,
    ({ id }) => id,
  );
}

/**
 * Labels of the organisation that owns a repository; a user owns none (404). `GET /orgs/{org}/labels`, scope
 * read:organization. `unread` when the token lacks that scope: then there may be some, and the caller has to say so.
 */
export async function listOrganisationLabels(send: Send, org: string): Promise<Label[] | 'unread'> {
  try {
    return await list(
      send,
      { method: 'GET', route: '/orgs/{org}/labels', params: { org } },
      label,
      ({ id }) => id,
    );
  } catch (error) {
    if (isApiError(error, 'not-found')) return [];
    if (isApiError(error, 'scope')) return 'unread';
    throw error;
  }
}

/** `POST /repos/{owner}/{repo}/labels`, scope write:issue. The forge accepts a second label of the same name. */
export function createLabel(send: Send, name: string, labelName: string, color: string): Promise<Label> {
  return call(
    send,
    {
      method: 'POST',
      route: '/repos/{owner}/{repo}/labels',
      params: { ...repositoryName(name) },
      body: { name: labelName, color, description: '' },
    },
    label,
  );
}

/** `DELETE /repos/{owner}/{repo}/labels/{id}`, scope write:issue. */
export async function deleteLabel(send: Send, name: string, id: number): Promise<void> {
  await call(
    send,
    { method: 'DELETE', route: '/repos/{owner}/{repo}/labels/{id}', params: { ...repositoryName(name), id } },
    anything,
  );
}

/**
 * Puts labels on an issue and gives back all it then has: the forge drops ids it does not know without a word, so
 * the answer is to be compared. `POST /repos/{owner}/{repo}/issues/{index}/labels`, scope write:issue.
 */
export function addLabels(send: Send, name: string, index: number, ids: number[]): Promise<Label[]> {
  return call(
    send,
    {
      method: 'POST',
      route: '/repos/{owner}/{repo}/issues/{index}/labels',
      params: { ...repositoryName(name), index },
      body: { labels: ids },
    },
    z.array(label),
  );
}

/** `DELETE /repos/{owner}/{repo}/issues/{index}/labels/{id}`, scope write:issue; a label the issue does not carry is no error. */
export async function removeLabel(send: Send, name: string, index: number, id: number): Promise<void> {
  const request = {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/issues/{index}/labels/{id}',
    params: { ...repositoryName(name), index, id },
  } as const;
  const response = await send(request);
  if (response.status > 299 && response.status !== 404) throw forgeError(request, response);
}
