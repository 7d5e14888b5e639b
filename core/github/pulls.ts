import * as z from 'zod/mini';
import { sameRepository } from '../accounts.ts';
import { type ApiRequest, type RepositoryName, repositoryName, type Send } from '../api/send.ts';
import { call, callAll } from './call.ts';
import { account, another, text } from './issues.ts';

/** Null where a fork is gone. */
const home = z.nullish(z.object({ id: z.int(), full_name: z.string() }));

const listed = z.object({
  number: z.int(),
  state: z.enum(['open', 'closed']),
  merged_at: z.nullish(z.string()),
  head: z.object({ ref: z.string(), sha: z.string(), repo: home }),
  base: z.object({ ref: z.string(), repo: home }),
});

const pull = z.extend(listed, {
  html_url: z.string(),
  title: z.string(),
  body: text(),
  user: z.nullish(account),
  /** Only where one is asked for by its number; lists have `merged_at` alone. */
  merged: z.boolean(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type GithubPull = z.infer<typeof pull>;

/** `GET /repos/{owner}/{repo}/pulls/{pull_number}`; `Pull requests: read`. */
export async function getPull(
  send: Send,
  { owner, repo, index }: RepositoryName & { index: number },
): Promise<GithubPull> {
  const request: ApiRequest = {
    method: 'GET',
    route: '/repos/{owner}/{repo}/pulls/{index}',
    params: { owner, repo, index },
  };
  const found = await call(send, request, pull);
  if (found.number !== index || !sameRepository(found.base.repo?.full_name ?? '', `${owner}/${repo}`))
    throw another(request);
  return found;
}

/**
 * The pull request from one branch of a repository into another of it: the open one where there is one, otherwise the newest.
 * `GET /repos/{owner}/{repo}/pulls?head=owner:branch`; `Pull requests: read`. What comes is held against what was asked: GitHub
 * leaves a filter out that it does not understand, finds branches of forks of the same owner, and others at the same commit
 * (github.com/octokit/octokit.js/issues/2056).
 */
export async function findBranchPull(
  send: Send,
  name: string,
  base: string,
  head: string,
): Promise<{ number: number; state: 'open' | 'merged' | 'closed'; head: string } | undefined> {
  const { owner, repo } = repositoryName(name);
  const params = {
    owner,
    repo,
    state: 'all',
    head: `${owner}:${head}`,
    base,
    sort: 'created',
    direction: 'desc',
  };
  const all = await callAll(send, { method: 'GET', route: '/repos/{owner}/{repo}/pulls', params }, listed);
  const own = all.filter(
    (item) =>
      item.head.ref === head &&
      item.base.ref === base &&
      sameRepository(item.head.repo?.full_name ?? '', name),
  );
  const found = own.find(({ state }) => state === 'open') ?? own[0];
  if (found === undefined) return undefined;
  const { number, state, merged_at: merged } = found;
  return { number, state: merged != null ? 'merged' : state, head: found.head.sha };
}
