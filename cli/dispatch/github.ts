import * as z from 'zod/mini';
import { createCalls } from '../../core/api/call.ts';
import { ApiError, type ApiErrorKind, ifThere } from '../../core/api/errors.ts';
import type { Service } from '../../core/api/http.ts';
import { type ApiRequest, type ApiResponse, describeRequest, type Send } from '../../core/api/send.ts';
import { plain } from '../../core/text/log-line.ts';
import type { IssuePlace } from './entry.ts';

// GitHub's REST API, as far as a dispatch asks it.

export const githubService: Service = { api: '', scheme: 'Bearer', setting: 'github.api' };

/** What an answer of GitHub that is no success means. */
export function githubError(request: ApiRequest, response: ApiResponse): ApiError {
  const { status, headers, body } = response;
  const isLimit = status === 429 || (status === 403 && headers['x-ratelimit-remaining'] === '0');
  const [kind, remedy]: [ApiErrorKind, string] = isLimit
    ? ['rate', 'Wait until GitHub takes requests of this account again.']
    : status === 401
      ? ['token', 'GitHub does not know the token: create another one.']
      : status === 403
        ? ['permission', 'Give the token the right to read the issues and the contents of this repository.']
        : status === 404 || status === 410
          ? ['not-found', 'GitHub says the same of what the token may not see.']
          : status >= 500 && request.method !== 'GET'
            ? ['unknown-outcome', 'Whether it happened is unknown: look on GitHub.']
            : status >= 500
              ? ['server', 'GitHub failed; try again later.']
              : ['invalid', ''];
  const said = z.object({ message: z.string() }).safeParse(body);
  return new ApiError(
    kind,
    status,
    `GitHub: ${describeRequest(request)} answered ${status}.${said.success ? ` It said: ${plain(said.data.message.slice(0, 200))}.` : ''}`,
    remedy,
  );
}

const { call } = createCalls(githubError);

const text = () =>
  z.pipe(
    z.nullish(z.string()),
    z.transform((value: string | null | undefined) => value ?? ''),
  );

const issue = z.object({
  number: z.int(),
  title: z.string(),
  body: text(),
  state: z.string(),
  html_url: z.string(),
  labels: z.array(z.object({ name: z.string() })),
  user: z.nullish(z.object({ login: z.string() })),
  /** Set where the "issue" is a pull request. */
  pull_request: z.nullish(z.object({})),
});

const repository = z.object({
  full_name: z.string(),
  default_branch: z.string(),
  clone_url: z.nullish(z.string()),
  ssh_url: z.nullish(z.string()),
});

/** An issue and its repository; undefined where GitHub says that there is no such thing. */
export async function findGithubIssue(
  send: Send,
  { owner, repo, number }: IssuePlace,
): Promise<{ issue: z.infer<typeof issue>; repository: z.infer<typeof repository> } | undefined> {
  const found = await ifThere(
    call(
      send,
      { method: 'GET', route: '/repos/{owner}/{repo}/issues/{number}', params: { owner, repo, number } },
      issue,
    ),
  );
  if (found === undefined) return undefined;
  return {
    issue: found,
    repository: await call(
      send,
      { method: 'GET', route: '/repos/{owner}/{repo}', params: { owner, repo } },
      repository,
    ),
  };
}
