import * as z from 'zod/mini';
import { sameRepository } from '../accounts.ts';
import { listAttempts } from '../api/call.ts';
import { ApiError, orElse } from '../api/errors.ts';
import { repositoryName, type Send } from '../api/send.ts';
import { call, list, page, pageSize } from './call.ts';
import { forgeError } from './errors.ts';
import { label } from './labels.ts';
import { user } from './users.ts';

const issue = z.object({
  number: z.int(),
  title: z.string(),
  body: z.string(),
  state: z.enum(['open', 'closed']),
  /** `null` where the account is gone. */
  user: z.nullish(user),
  labels: z.pipe(
    z.nullish(z.array(label)),
    z.transform((labels: z.infer<typeof label>[] | null | undefined) => labels ?? []),
  ),
  /** Set when the "issue" is a pull request. */
  pull_request: z.nullish(z.object({})),
  html_url: z.string(),
  created_at: z.nullish(z.string()),
  updated_at: z.nullish(z.string()),
  assignees: z.nullish(z.array(user)),
});
export type Issue = z.infer<typeof issue>;

export interface IssueFilter {
  state: 'open' | 'closed' | 'all';
  /** A login; exact, and complete. An unknown login is a `not-found` error. */
  createdBy?: string;
  /**
   * One label's name. Only to be used after the label list has shown exactly one label of that name: an unknown
   * name makes the forge answer with every issue, and of two labels of one name it finds none.
   */
  label?: string;
}

/**
 * Issues without pull requests, complete. `GET /repos/{owner}/{repo}/issues`, scope read:issue.
 * With issues switched off the forge answers 200 and an empty list: ask the repository for `has_issues` first.
 */
export function listIssues(send: Send, name: string, filter: IssueFilter): Promise<Issue[]> {
  const params = {
    ...repositoryName(name),
    state: filter.state,
    type: 'issues',
    ...(filter.createdBy === undefined ? {} : { created_by: filter.createdBy }),
    ...(filter.label === undefined ? {} : { labels: filter.label }),
  };
  const issues = list(
    send,
    { method: 'GET', route: '/repos/{owner}/{repo}/issues', params },
    issue,
    ({ number }) => number,
  );
  return filter.createdBy === undefined
    ? issues
    : orElse(
        issues,
        `Check that there is an account ${filter.createdBy}, and a repository ${name} that the token's account may see: the forge answers the same for all of these.`,
      );
}

/**
 * The first issues of a list, without pull requests, and whether that was all of them; for what is only an order or a hint,
 * never for a decision that needs all where it was not. `GET /repos/{owner}/{repo}/issues`, scope read:issue. Throws
 * `incomplete` where the pages and their count disagree three times.
 */
export async function firstIssues(
  send: Send,
  name: string,
  state: 'open' | 'all',
  mostPages: number,
): Promise<{ issues: Issue[]; complete: boolean }> {
  for (let attempt = 1; attempt <= listAttempts; attempt += 1) {
    const issues = new Map<number, Issue>();
    const totals = new Set<number | undefined>();
    for (let number = 1; ; number += 1) {
      if (number > mostPages) return { issues: [...issues.values()], complete: false };
      const { items, total } = await page(
        send,
        {
          method: 'GET',
          route: '/repos/{owner}/{repo}/issues',
          params: { ...repositoryName(name), state, type: 'issues', page: number, limit: pageSize },
        },
        z.array(issue),
      );
      totals.add(total);
      for (const item of items) issues.set(item.number, item);
      if (items.length > 0 && issues.size !== total) continue;
      // The last page, and nothing was taken out of those before it. An empty one proves nothing where more are counted.
      const isStill = totals.size === 1 && (total === undefined || issues.size === total);
      if (isStill) return { issues: [...issues.values()], complete: true };
      break;
    }
  }
  throw new ApiError(
    'incomplete',
    200,
    `The issues of ${name} could not be read to their end: their pages and their count disagree.`,
    'Nothing is decided on half a list. Run the role again; if it stays so, look at what stands between this step and the forge.',
  );
}

/**
 * Issues and pull requests by an account that were made or touched since a moment (ISO 8601), whole.
 * `GET /repos/{owner}/{repo}/issues?created_by=&since=`, scope read:issue.
 */
export function issuesSince(send: Send, name: string, login: string, since: string): Promise<Issue[]> {
  return list(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/issues',
      params: { ...repositoryName(name), state: 'all', created_by: login, since },
    },
    issue,
    ({ number }) => number,
  );
}

/** `GET /repos/{owner}/{repo}/issues/{index}`, scope read:issue. */
export function getIssue(send: Send, name: string, index: number): Promise<Issue> {
  return call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/issues/{index}',
      params: { ...repositoryName(name), index },
    },
    issue,
  );
}

/**
 * `POST /repos/{owner}/{repo}/issues`, scope write:issue. Labels by id. Without the right to set labels the forge
 * creates the issue and drops them in silence, so the answer is to be compared.
 */
export function createIssue(
  send: Send,
  name: string,
  fields: { title: string; body: string; labels: number[] },
): Promise<Issue> {
  return call(
    send,
    {
      method: 'POST',
      route: '/repos/{owner}/{repo}/issues',
      params: { ...repositoryName(name) },
      body: fields,
    },
    issue,
  );
}

/** `PATCH /repos/{owner}/{repo}/issues/{index}`, scope write:issue; 412 when an issue with open dependencies is closed. */
export function editIssue(
  send: Send,
  name: string,
  index: number,
  fields: { title?: string; body?: string; state?: 'open' | 'closed'; assignees?: string[] },
): Promise<Issue> {
  return call(
    send,
    {
      method: 'PATCH',
      route: '/repos/{owner}/{repo}/issues/{index}',
      params: { ...repositoryName(name), index },
      body: fields,
    },
    issue,
  );
}

const linked = z.object({
  number: z.int(),
  state: z.enum(['open', 'closed']),
  repository: z.object({ full_name: z.string() }),
});
export type LinkedIssue = z.infer<typeof linked>;

/**
 * What an issue depends on, or as much of it as shows that all of `wanted` (numbers in the same repository) are there.
 * `GET /repos/{owner}/{repo}/issues/{index}/dependencies`, scope read:issue. This list comes without a count.
 */
export function listDependencies(
  send: Send,
  name: string,
  index: number,
  wanted: number[] = [],
): Promise<LinkedIssue[]> {
  return list(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/issues/{index}/dependencies',
      params: { ...repositoryName(name), index },
    },
    linked,
    (item) => `${item.repository.full_name}#${item.number}`,
    (items) =>
      wanted.length > 0 &&
      wanted.every((number) =>
        items.some((item) => item.number === number && sameRepository(item.repository.full_name, name)),
      ),
  );
}

/**
 * Makes `index` depend on `on`. `POST /repos/{owner}/{repo}/issues/{index}/dependencies`, scope write:issue.
 * A dependency that exists already and one that would close a circle both answer 500: which it was is read.
 */
export async function addDependency(send: Send, name: string, index: number, on: number): Promise<void> {
  // The forge takes a dependency on itself and can then never close the issue.
  if (index === on) throw new RangeError(`#${index} cannot depend on itself`);
  const { owner, repo } = repositoryName(name);
  const request = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/issues/{index}/dependencies',
    params: { owner, repo, index },
    body: { index: on, owner, repo },
  } as const;
  const response = await send(request);
  if (response.status < 300) return;
  if (response.status === 500 || response.status === 409) {
    const present = await listDependencies(send, name, index);
    if (present.some((item) => item.number === on && sameRepository(item.repository.full_name, name))) return;
    throw new ApiError(
      'conflict',
      response.status,
      `#${index} cannot depend on #${on}: the forge refused it, probably because #${on} already depends on #${index}.`,
      'Look at the dependencies of both issues on the forge and remove the circle.',
    );
  }
  throw forgeError(request, response);
}

/**
 * `DELETE /repos/{owner}/{repo}/issues/{index}/dependencies`, scope write:issue. One that is gone already answers 500,
 * which is told apart by reading.
 */
export async function removeDependency(send: Send, name: string, index: number, on: number): Promise<void> {
  const { owner, repo } = repositoryName(name);
  const request = {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/issues/{index}/dependencies',
    params: { owner, repo, index },
    body: { index: on, owner, repo },
  } as const;
  const response = await send(request);
  if (response.status < 300) return;
  const left = await listDependencies(send, name, index, [on]);
  if (left.some((item) => item.number === on && sameRepository(item.repository.full_name, name)))
    throw forgeError(request, response);
}
