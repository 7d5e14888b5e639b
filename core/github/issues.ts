import * as z from 'zod/mini';
import { sameRepository } from '../accounts.ts';
import { ApiError } from '../api/errors.ts';
import { type ApiRequest, describeRequest, type RepositoryName, type Send } from '../api/send.ts';
import { call, callAll } from './call.ts';

/** Texts that nobody wrote are null. */
export const text = () =>
  z.pipe(
    z.nullish(z.string()),
    z.transform((value: string | null | undefined) => value ?? ''),
  );

export const account = z.object({ id: z.int(), login: z.string() });

const issue = z.object({
  number: z.int(),
  title: z.string(),
  body: text(),
  state: z.enum(['open', 'closed']),
  /** Null where the account is gone. */
  user: z.nullish(account),
  /** By the API's description a label may be its name alone. */
  labels: z.array(z.union([z.object({ id: z.int(), name: z.string() }), z.string()])),
  html_url: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  /** The repository that it is in, which is another one than was asked for where it was moved. */
  repository_url: z.string(),
  /** Set where the "issue" is a pull request. */
  pull_request: z.nullish(z.object({})),
});
export type GithubIssue = z.infer<typeof issue>;

type Place = RepositoryName & { index: number };

/** `GET /repos/{owner}/{repo}/issues/{issue_number}`; `Issues: read`. Moved ones answer 301, deleted ones 410. */
export async function getIssue(send: Send, { owner, repo, index }: Place): Promise<GithubIssue> {
  const request: ApiRequest = {
    method: 'GET',
    route: '/repos/{owner}/{repo}/issues/{index}',
    params: { owner, repo, index },
  };
  return own(request, await call(send, request, issue));
}

/** `PATCH /repos/{owner}/{repo}/issues/{issue_number}`; `Issues: write`. */
export async function editIssue(send: Send, place: Place, body: unknown): Promise<GithubIssue> {
  const { owner, repo, index } = place;
  const request: ApiRequest = {
    method: 'PATCH',
    route: '/repos/{owner}/{repo}/issues/{index}',
    params: { owner, repo, index },
    body,
  };
  return own(request, await call(send, request, issue));
}

/**
 * The issue that was asked for, and no other one. An answer about another number, or from another repository, is what somebody
 * in between made of a redirect of an issue that was moved: whoever believes it writes to the wrong one.
 */
function own(request: ApiRequest, found: GithubIssue): GithubIssue {
  const { owner, repo, index } = request.params ?? {};
  const place = /\/repos\/([^/]+\/[^/]+)$/.exec(found.repository_url)?.[1];
  if (found.number !== index || place === undefined || !sameRepository(place, `${owner}/${repo}`))
    throw another(request);
  return found;
}

/** An answer about something else than was asked; what a write did is not known then. */
export function another(request: ApiRequest): ApiError {
  return new ApiError(
    request.method === 'GET' ? 'shape' : 'unknown-outcome',
    200,
    `GitHub: ${describeRequest(request)} answered with something else than was asked for, which is not used.`,
    'It may have been moved to another repository: look on GitHub.',
  );
}

const comment = z.object({
  id: z.int(),
  body: text(),
  user: z.nullish(account),
  created_at: z.string(),
  updated_at: z.string(),
  issue_url: z.string(),
});
type GithubComment = z.infer<typeof comment>;

const commentsRoute = '/repos/{owner}/{repo}/issues/{index}/comments';

/** All comments, oldest first. `GET /repos/{owner}/{repo}/issues/{issue_number}/comments`; `Issues: read`. */
export async function listComments(send: Send, { owner, repo, index }: Place): Promise<GithubComment[]> {
  const request: ApiRequest = { method: 'GET', route: commentsRoute, params: { owner, repo, index } };
  const found = await callAll(send, request, comment);
  for (const item of found) if (!isOn(item, { owner, repo, index })) throw another(request);
  return found;
}

/** `POST /repos/{owner}/{repo}/issues/{issue_number}/comments`; `Issues: write`. */
export function createComment(
  send: Send,
  { owner, repo, index }: Place,
  body: unknown,
): Promise<GithubComment> {
  return call(send, { method: 'POST', route: commentsRoute, params: { owner, repo, index }, body }, comment);
}

function isOn({ issue_url: url }: GithubComment, { owner, repo, index }: Place): boolean {
  const [, place = '', number] = /\/repos\/([^/]+\/[^/]+)\/issues\/(\d+)$/.exec(url) ?? [];
  return Number(number) === index && sameRepository(place, `${owner}/${repo}`);
}
