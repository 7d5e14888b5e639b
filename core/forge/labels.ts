import * as z from 'zod/mini';
import { ownerOf } from '../accounts.ts';
import { isApiError } from '../api/errors.ts';
import { type Kept, once } from '../api/once.ts';
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

/**
 * Every label that issues of a repository can carry, as far as the token may list them: its own, where it is there, and with `isShared`
 * those of the organisation that owns it, which are found by name like its own. `sharedLabels`: names that only the organisation has.
 */
export async function labelsOf(
  send: Send,
  name: string,
  { isThere, isShared }: { isThere: boolean; isShared: boolean },
): Promise<{ labels: Label[]; sharedLabels: string[] }> {
  const own = isThere ? await listLabels(send, name) : [];
  const asked = isShared ? await listOrganisationLabels(send, ownerOf(name)) : [];
  const shared = asked === 'unread' ? [] : asked;
  return {
    labels: [...own, ...shared],
    sharedLabels: shared
      .map((label) => label.name)
      .filter((label) => !own.some((item) => item.name === label)),
  };
}

/** Labels that issues of a repository can carry, as far as they were asked for. */
export interface KnownLabels {
  own: Label[];
  /** Of the organisation that owns it; empty where nothing was wanted that the repository has not itself. */
  organisation: Label[];
  /** Whether there may be more: the token may not list labels of organisations. */
  isUnread: boolean;
}

/**
 * The labels of a repository, and where one that is wanted is not among them, those of the organisation that owns it: issues
 * carry both alike, and neither list holds the other. An organisation is asked once a run.
 */
export async function labelsFor(
  { send, kept }: { send: Send; kept: Kept },
  name: string,
  wanted: readonly string[],
): Promise<KnownLabels> {
  const own = await listLabels(send, name);
  return wanted.every((item) => own.some((label) => label.name === item))
    ? { own, organisation: [], isUnread: false }
    : withShared({ send, kept }, name, own);
}

/**
 * All of both, for whoever has to know an issue by its labels: one label of the organisation may be called as one of the
 * repository, people cannot tell which of the two they choose, and the forge takes either.
 */
export async function everyLabel(servers: { send: Send; kept: Kept }, name: string): Promise<KnownLabels> {
  return withShared(servers, name, await listLabels(servers.send, name));
}

async function withShared(
  { send, kept }: { send: Send; kept: Kept },
  name: string,
  own: Label[],
): Promise<KnownLabels> {
  const owner = ownerOf(name);
  const organisation = await once(kept, `labels of ${owner.toLowerCase()}`, () =>
    listOrganisationLabels(send, owner),
  );
  return organisation === 'unread'
    ? { own, organisation: [], isUnread: true }
    : { own, organisation, isUnread: false };
}

/**
 * The labels that are meant by a name where one is put on an issue: the repository's own, and only where it has none of that name
 * those of its organisation. More than one are of one owner, and nobody can say which is meant.
 */
export function labelsNamed({ own, organisation }: KnownLabels, name: string): Label[] {
  const found = own.filter((label) => label.name === name);
  return found.length > 0 ? found : organisation.filter((label) => label.name === name);
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
