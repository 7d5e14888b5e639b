import * as z from 'zod/mini';
import { createCalls } from '../api/call.ts';
import { ApiError, type ApiErrorKind } from '../api/errors.ts';
import type { Service } from '../api/http.ts';
import { type Asked, intermediaryError } from '../api/intermediary.ts';
import { type ApiRequest, type ApiResponse, describeRequest, type Send } from '../api/send.ts';
import { plain } from '../text/log-line.ts';

// How GitHub's REST API is asked, and what its answers mean.

/** Nobody waits longer than this for a limit to be over: the limit of an hour is told instead. */
const longestWaitMs = 5 * 60_000;

/** GitHub's API, or that of a GitHub Enterprise Server, whose address then ends with `/api/v3`. */
export const githubService: Service = { api: '', scheme: 'Bearer', setting: 'github.api', limitWait };

const github: Asked = {
  name: 'GitHub',
  api: '/',
  setting: 'github.api',
  token: 'The token of GitHub',
  isOwn: (response) => saidBy(response) !== undefined,
};

/** Every answer of GitHub that is no success says why. */
function saidBy({ body }: ApiResponse): string | undefined {
  const said = z.object({ message: z.string() }).safeParse(body);
  return said.success ? said.data.message : undefined;
}

/**
 * Whether an answer is about too many requests. GitHub says so by 429 and by 403 alike, and of its secondary limits at times in
 * words alone: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
 */
function isLimit(response: ApiResponse): boolean {
  const { status, headers } = response;
  if (status === 429) return true;
  return (
    status === 403 &&
    (headers['x-ratelimit-remaining'] === '0' ||
      headers['retry-after'] !== undefined ||
      /\brate limit\b/i.test(saidBy(response) ?? ''))
  );
}

/** How long it asks to wait: by `Retry-After`, otherwise until the limit begins anew, otherwise a minute, as its guide says. */
function limitWait(response: ApiResponse, now: number): number | undefined {
  if (!isLimit(response)) return undefined;
  const { 'retry-after': after = '', 'x-ratelimit-remaining': remaining } = response.headers;
  const reset = resetOf(response);
  const wait = /^\d{1,9}$/.test(after)
    ? Number(after) * 1000
    : remaining === '0' && reset !== undefined
      ? Math.max(0, reset - now) + 1000
      : 60_000;
  return wait > longestWaitMs ? Number.POSITIVE_INFINITY : wait;
}

/** When the limit begins anew, in milliseconds since the epoch. */
function resetOf({ headers }: ApiResponse): number | undefined {
  const text = headers['x-ratelimit-reset'] ?? '';
  return /^\d{1,11}$/.test(text) ? Number(text) * 1000 : undefined;
}

/** What an answer of GitHub that is no success means. */
function githubError(request: ApiRequest, response: ApiResponse): ApiError {
  const { status } = response;
  // A redirect of GitHub's own is something that has moved; any other one is something in front of it.
  const isMoved = status >= 300 && status < 400 && github.isOwn(response);
  const between = isMoved ? undefined : intermediaryError(request, response, github);
  if (between !== undefined) return between;
  const [kind, remedy] = meaningOf(request, response, isMoved);
  // Of a token that it does not know nothing is repeated.
  const said = status === 401 ? undefined : saidBy(response);
  return new ApiError(
    kind,
    status,
    `GitHub: ${describeRequest(request)} answered ${status}.${said === undefined ? '' : ` It said: ${plain(said.slice(0, 200)).replace(/[.\s]+$/, '')}.`}`,
    remedy,
  );
}

function meaningOf(request: ApiRequest, response: ApiResponse, isMoved: boolean): [ApiErrorKind, string] {
  const { status, headers } = response;
  if (isMoved)
    // It is not there any more. Whoever followed would read, or write, in another repository.
    return [
      'not-found',
      'Its repository was renamed, or it was moved to another one: name it by where it is now.',
    ];
  if (isLimit(response)) {
    const reset = resetOf(response);
    return [
      'rate',
      `GitHub takes no more requests of this account for a while${reset === undefined ? '' : `, until ${new Date(reset).toISOString()}`}: wait, and try again.`,
    ];
  }
  switch (status) {
    case 401:
      return ['token', 'GitHub does not know the token, or it has expired: create another one.'];
    case 403:
      return [
        'permission',
        headers['x-github-sso'] === undefined
          ? 'Give the token the rights that docs/dispatch.md names, for this repository.'
          : 'The organisation asks for single sign-on: authorise the token for it, in the settings of your account.',
      ];
    case 404:
      return ['not-found', 'GitHub answers the same for what the token may not see.'];
    // Deleted, or issues are switched off there.
    case 410:
      return ['not-found', 'It was deleted, or the repository has its issues switched off.'];
    default:
      if (status >= 500)
        return request.method === 'GET'
          ? ['server', 'GitHub failed; try again later.']
          : ['unknown-outcome', 'Whether it happened is unknown: look on GitHub.'];
      return ['invalid', ''];
  }
}

export const { call } = createCalls(
  githubError,
  'This is not how GitHub answers: check that github.api is the address of its API.',
);

const pageSize = 100;
/** More pages are no discussion that anybody has read. */
const mostPages = 100;

/**
 * A list, whole or not at all. Whether there is more, the `Link` header says; its addresses are not used: they name the repository
 * by a number, and where the token goes no answer decides.
 */
export async function callAll<T>(send: Send, request: ApiRequest, schema: z.ZodMiniType<T>): Promise<T[]> {
  const found: T[] = [];
  for (let page = 1; page <= mostPages; page += 1) {
    let link = '';
    const noting: Send = async (own) => {
      const response = await send(own);
      link = response.headers.link ?? '';
      return response;
    };
    const params = { ...request.params, per_page: pageSize, page };
    found.push(...(await call(noting, { ...request, params }, z.array(schema))));
    if (!/;\s*rel="?next"?/.test(link)) return found;
  }
  throw new ApiError(
    'incomplete',
    200,
    `GitHub: ${describeRequest(request)} has more than ${mostPages * pageSize} items, and is not read.`,
    'Nothing is decided on a part of a list.',
  );
}
