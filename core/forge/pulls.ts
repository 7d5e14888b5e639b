import * as z from 'zod/mini';
import { sameLogin } from '../accounts.ts';
import { shaped } from '../api/call.ts';
import { ApiError, ifThere } from '../api/errors.ts';
import { type ApiRequest, repositoryName, type Send } from '../api/send.ts';
import { anything, call, list, page, pageSize } from './call.ts';
import { forgeError } from './errors.ts';
import { type User, user } from './users.ts';

const pull = z.object({
  number: z.int(),
  html_url: z.nullish(z.string()),
  title: z.string(),
  body: z.string(),
  state: z.string(),
  /** Absent on forges that do not say. */
  draft: z.nullish(z.boolean()),
  merged: z.boolean(),
  /** False as well while the forge is still working it out, and of work in progress, whatever it conflicts with. */
  mergeable: z.nullish(z.boolean()),
  merged_at: z.nullish(z.string()),
  merge_commit_sha: z.nullish(z.string()),
  /** Where its branch left the base, as the forge last worked it out. */
  merge_base: z.nullish(z.string()),
  merged_by: z.nullish(user),
  updated_at: z.string(),
  created_at: z.nullish(z.string()),
  /** Absent for an account that was deleted. */
  user: z.nullish(user),
  /** `label` is the branch's name still when the branch is gone and `ref` no longer says it. */
  head: z.object({
    label: z.string(),
    ref: z.string(),
    sha: z.string(),
    repo_id: z.number(),
    /** `null` when the fork is gone. */
    repo: z.nullish(z.object({ full_name: z.string() })),
  }),
  base: z.object({ ref: z.string(), repo_id: z.number() }),
});
export type Pull = z.infer<typeof pull>;

/** How a pull request stands: the forge calls a merged one closed. */
export function standingOfPull({
  merged,
  state,
}: Pick<Pull, 'merged' | 'state'>): 'open' | 'merged' | 'closed' {
  return merged ? 'merged' : state === 'open' ? 'open' : 'closed';
}

/** Whether it is marked as work in progress, of which the forge never says that it can be merged. */
export function isWorkInProgress({ draft, title }: Pick<Pull, 'draft' | 'title'>): boolean {
  return draft ?? /^\s*(?:WIP:|\[WIP\])/i.test(title);
}

/**
 * The pull request from one branch of a repository, or of a fork as `owner:branch`, into another: the open one where there is
 * one, otherwise one that was closed or merged, otherwise undefined. Of a fork any of them. `GET /repos/{owner}/{repo}/pulls/{base}/{head}` and `GET
 * /repos/{owner}/{repo}/pulls`, scope read:repository.
 */
export async function findPull(
  send: Send,
  name: string,
  base: string,
  head: string,
): Promise<Pull | undefined> {
  const found = await ifThere(
    call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/pulls/{base}/{head}',
        params: { ...repositoryName(name), base, head },
      },
      pull,
    ),
  );
  if (found === undefined) return undefined;
  if (found.state === 'open') return found;
  // That route names any of several; whether an open one stands beside a closed one only the list tells.
  const open = await openPulls(send, name);
  return (
    open.find(
      (item) => item.base.ref === base && item.head.ref === head && item.head.repo_id === item.base.repo_id,
    ) ?? found
  );
}

/** `GET /repos/{owner}/{repo}/pulls/{index}`, scope read:repository. */
export function getPull(send: Send, name: string, index: number): Promise<Pull> {
  return call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/pulls/{index}',
      params: { ...repositoryName(name), index },
    },
    pull,
  );
}

/** All open pull requests. `GET /repos/{owner}/{repo}/pulls?state=open`, scope read:repository. */
export function openPulls(send: Send, name: string): Promise<Pull[]> {
  return list(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/pulls',
      params: { ...repositoryName(name), state: 'open' },
    },
    pull,
    ({ number }) => number,
  );
}

/**
 * All pull requests that somebody opened, closed ones included. Forges before Forgejo 11 know no such filter and give
 * everybody's, so whose they are is looked at here as well. `GET /repos/{owner}/{repo}/pulls?poster=`, scope
 * read:repository.
 */
export async function pullsBy(send: Send, name: string, login: string): Promise<Pull[]> {
  const all = await list(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/pulls',
      params: { ...repositoryName(name), state: 'all', poster: login },
    },
    pull,
    ({ number }) => number,
  );
  return all.filter(({ user: by }) => by != null && sameLogin(by.login, login));
}

/**
 * The same, as far as they can matter: all that are open, of the others those that were opened since a moment, and at least one
 * page. Without a moment one page is all. Same route; new ones come first, so nothing moves out of sight between two pages.
 */
export async function recentPullsBy(
  send: Send,
  name: string,
  login: string,
  since: string | undefined,
): Promise<Pull[]> {
  const pulls = await list(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/pulls',
      params: { ...repositoryName(name), state: 'open', poster: login },
    },
    pull,
    ({ number }) => number,
  );
  const found = new Map(pulls.map((item) => [item.number, item]));
  let seen = 0;
  for (let number = 1; ; number += 1) {
    const { items, total } = await page(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/pulls',
        params: {
          ...repositoryName(name),
          state: 'closed',
          poster: login,
          page: number,
          limit: pageSize,
        },
      },
      z.array(pull),
    );
    for (const item of items) found.set(item.number, item);
    seen += items.length;
    const last = items.at(-1)?.created_at;
    const isOlder = last != null && since !== undefined && Date.parse(last) < Date.parse(since);
    if (items.length === 0 || seen >= (total ?? Number.POSITIVE_INFINITY) || since === undefined || isOlder)
      break;
  }
  return [...found.values()].filter(({ user: by }) => by != null && sameLogin(by.login, login));
}

/**
 * The pull request that put this commit on its base branch: found from a merge, squash, last rebased or fast-forwarded
 * commit. Undefined for any other commit, and where the forge answers with a pull request whose merge it was not.
 * `GET /repos/{owner}/{repo}/commits/{sha}/pull`, scope read:repository.
 */
export async function pullOfCommit(send: Send, name: string, sha: string): Promise<Pull | undefined> {
  const found = await ifThere(
    call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/commits/{sha}/pull',
        params: { ...repositoryName(name), sha },
      },
      pull,
    ),
  );
  return found?.merged === true && found.merge_commit_sha === sha ? found : undefined;
}

/**
 * The pull requests that put these commits on their base branch, as far as they are among the fifty that were touched last:
 * one call, where `pullOfCommit` takes one for each. `GET /repos/{owner}/{repo}/pulls`, scope read:repository.
 */
export async function lastMerged(send: Send, name: string): Promise<Map<string, Pull>> {
  const items = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/pulls',
      params: { ...repositoryName(name), state: 'closed', sort: 'recentupdate', page: 1, limit: pageSize },
    },
    z.array(pull),
  );
  const found = new Map<string, Pull>();
  const twice = new Set<string>();
  for (const item of items) {
    if (!item.merged || item.merge_commit_sha == null) continue;
    if (found.has(item.merge_commit_sha)) twice.add(item.merge_commit_sha);
    found.set(item.merge_commit_sha, item);
  }
  // Which of two is meant the forge may say.
  for (const sha of twice) found.delete(sha);
  return found;
}

/**
 * Closed pull requests that were touched since a moment, newest first. `complete` is false when there were more than
 * `most`. `GET /repos/{owner}/{repo}/pulls`, scope read:repository.
 */
export async function closedPullsSince(
  send: Send,
  name: string,
  since: string,
  most: number,
): Promise<{ pulls: Pull[]; complete: boolean }> {
  const pulls: Pull[] = [];
  for (let page = 1; pulls.length < most; page += 1) {
    const items = await call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/pulls',
        params: { ...repositoryName(name), state: 'closed', sort: 'recentupdate', page, limit: pageSize },
      },
      z.array(pull),
    );
    pulls.push(...items.filter(({ updated_at }) => Date.parse(updated_at) >= Date.parse(since)));
    const last = items.at(-1);
    if (last === undefined || Date.parse(last.updated_at) < Date.parse(since))
      return { pulls, complete: true };
  }
  return { pulls, complete: false };
}

const changedFile = z.object({ filename: z.string(), status: z.string() });

/** The files a pull request changes, complete. `GET /repos/{owner}/{repo}/pulls/{index}/files`, scope read:repository. */
export function pullFiles(send: Send, name: string, index: number): Promise<z.infer<typeof changedFile>[]> {
  return list(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/pulls/{index}/files',
      params: { ...repositoryName(name), index },
    },
    changedFile,
    ({ filename }) => filename,
  );
}

/**
 * The head of a pull request as the repository keeps it, which stays as it was when the pull request is merged: what the
 * pull request itself names is where its branch is by now. Undefined where there is none. `GET
 * /repos/{owner}/{repo}/git/refs/pull/{index}/head`, scope read:repository.
 */
export async function headKept(send: Send, name: string, index: number): Promise<string | undefined> {
  const ref = z.object({ ref: z.string(), object: z.object({ sha: z.string() }) });
  const found = await ifThere(
    call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/git/refs/{path}',
        params: { ...repositoryName(name), path: `pull/${index}/head` },
      },
      z.union([ref, z.array(ref)]),
    ),
  );
  const refs = found === undefined ? [] : Array.isArray(found) ? found : [found];
  return refs.find((item) => item.ref === `refs/pull/${index}/head`)?.object.sha;
}

const review = z.object({
  id: z.int(),
  user: z.nullish(user),
  state: z.string(),
  commit_id: z.string(),
  stale: z.boolean(),
  official: z.boolean(),
  dismissed: z.boolean(),
  submitted_at: z.string(),
  /** As it was submitted: whoever edits it later changes what the timeline says, and neither this nor `updated_at`. */
  body: z.nullish(z.string()),
  /** When it was submitted or dismissed; no edit moves it. */
  updated_at: z.nullish(z.string()),
  /** How many comments on lines it has, replies included. */
  comments_count: z.nullish(z.int()),
});
export type Review = z.infer<typeof review>;

/** How many reviews of one pull request are looked through; whoever reads may make any number of them. */
const mostReviews = 500;
/** Small, so that it is a page's size on every server, whatever it caps pages at. */
const reviewsPage = 10;

/**
 * All reviews that our account may see. The forge counts those that somebody else has not submitted yet and does not list
 * them, so its count proves nothing by being larger. Then the pages are read up to that count, whatever they hold: a veto
 * that was not seen would let something through.
 * `GET /repos/{owner}/{repo}/pulls/{index}/reviews`, which gives everything when no page is named; scope read:repository.
 */
export async function listReviews(send: Send, name: string, index: number): Promise<Review[]> {
  const request: ApiRequest = {
    method: 'GET',
    route: '/repos/{owner}/{repo}/pulls/{index}/reviews',
    params: { ...repositoryName(name), index },
  };
  const { items, total } = await page(send, request, z.array(review));
  if (total === undefined || items.length >= total) return items;
  if (total > mostReviews)
    throw new ApiError(
      'incomplete',
      200,
      `#${index} of ${name} has ${total} reviews; at most ${mostReviews} are looked through.`,
      'Ask again in another pull request.',
    );
  const pages = await Promise.all(
    Array.from({ length: Math.ceil(total / reviewsPage) }, (_, before) =>
      page(
        send,
        { ...request, params: { ...request.params, page: before + 1, limit: reviewsPage } },
        z.array(review),
      ),
    ),
  );
  const all = new Map([...items, ...pages.flatMap((one) => one.items)].map((item) => [item.id, item]));
  return [...all.values()].sort((a, b) => a.id - b.id);
}

const reviewComment = z.object({
  id: z.int(),
  user: z.nullish(user),
  body: z.string(),
  path: z.string(),
  /** The line in the file as the pull request has it; 0 where the comment is on a line that it takes away. */
  position: z.nullish(z.int()),
  /** Then the line in the file as the base has it, otherwise 0. */
  original_position: z.nullish(z.int()),
  created_at: z.string(),
  updated_at: z.string(),
  diff_hunk: z.string(),
});

/** A comment on a line, as a review has it. */
export interface ReviewComment {
  id: number;
  user?: User | null | undefined;
  body: string;
  path: string;
  /** Counted in the commit that last changed that line, or in the base where the pull request takes the line away. */
  line: number | null;
  created_at: string;
  /** Moved by an edit of the comment; the pull request's own is not. */
  updated_at: string;
  /** The difference up to that line; empty where the line is in none. */
  diff_hunk: string;
}

/**
 * The comments on lines of a review, the oldest first, whether or not their lines are still there; this route never pages,
 * and gives them in no order. `GET /repos/{owner}/{repo}/pulls/{index}/reviews/{id}/comments`, scope read:repository.
 */
export async function listReviewComments(
  send: Send,
  name: string,
  index: number,
  review: number,
): Promise<ReviewComment[]> {
  const found = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/pulls/{index}/reviews/{id}/comments',
      params: { ...repositoryName(name), index, id: review },
    },
    z.array(reviewComment),
  );
  return found
    .map(({ position, original_position, ...rest }) => ({
      ...rest,
      line: position || original_position || null,
    }))
    .sort((a, b) => a.id - b.id);
}

/**
 * Opens a pull request; undefined when somebody else was first, or there is nothing between the two branches.
 * `POST /repos/{owner}/{repo}/pulls`, scope write:repository.
 */
export async function openPull(
  send: Send,
  name: string,
  given: { base: string; head: string; title: string; body: string },
): Promise<number | undefined> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/pulls',
    params: { ...repositoryName(name) },
    body: given,
  };
  const response = await send(request);
  if (response.status < 300) return shaped(request, response, z.object({ number: z.int() })).number;
  const error = forgeError(request, response);
  if (error.kind === 'conflict' || (error.status === 422 && error.message.includes('no changes')))
    return undefined;
  throw error;
}

/**
 * Asks somebody to review a pull request; false where the forge does not let that person be asked. Who opened it may ask.
 * `POST /repos/{owner}/{repo}/pulls/{index}/requested_reviewers`, scope write:repository.
 */
export async function requestReview(
  send: Send,
  name: string,
  index: number,
  reviewer: string,
): Promise<boolean> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/pulls/{index}/requested_reviewers',
    params: { ...repositoryName(name), index },
    body: { reviewers: [reviewer] },
  };
  const response = await send(request);
  if (response.status < 300) return true;
  if (response.status === 422 || response.status === 404) return false;
  throw forgeError(request, response);
}

/** Approves one commit of a pull request. `POST /repos/{owner}/{repo}/pulls/{index}/reviews`, scope write:repository. */
export async function approvePull(
  send: Send,
  name: string,
  index: number,
  { commit, text }: { commit: string; text: string },
): Promise<void> {
  await call(
    send,
    {
      method: 'POST',
      route: '/repos/{owner}/{repo}/pulls/{index}/reviews',
      params: { ...repositoryName(name), index },
      body: { event: 'APPROVED', commit_id: commit, body: text },
    },
    anything,
  );
}

/**
 * Merges a pull request whose head is this commit; otherwise says why it was not merged. A forge refuses for a while
 * after a push, and while something that protects the branch is missing (405), when the head has moved (409), and when
 * the pull request is closed (404). `POST /repos/{owner}/{repo}/pulls/{index}/merge`, scope write:repository.
 */
export async function mergePull(
  send: Send,
  name: string,
  index: number,
  { commit, style, text }: { commit: string; style: string; text: string },
): Promise<string | undefined> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/pulls/{index}/merge',
    params: { ...repositoryName(name), index },
    body: { Do: style, head_commit_id: commit, MergeMessageField: text },
  };
  const response = await send(request);
  if (response.status < 300) return undefined;
  const error = forgeError(request, response);
  if (response.status === 405 || ['conflict', 'not-found'].includes(error.kind)) return error.message;
  throw error;
}
