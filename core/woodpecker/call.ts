import { createCalls } from '../api/call.ts';
import { ApiError, type ApiErrorKind } from '../api/errors.ts';
import type { Service } from '../api/http.ts';
import { type Asked, intermediaryError, pageTitle } from '../api/intermediary.ts';
import { type ApiRequest, type ApiResponse, describeRequest } from '../api/send.ts';
import { plain } from '../text/log-line.ts';

/** Woodpecker's API (server/router/api.go). Its tokens are of an account, without scopes. */
export const woodpeckerService: Service = { api: '/api', scheme: 'Bearer', setting: 'woodpecker-url' };

const woodpecker: Asked = {
  name: 'Woodpecker',
  api: '/api',
  setting: 'woodpecker-url',
  token: 'woodpecker-token',
  // Its errors are plain text or empty, and it asks for no login by itself.
  isOwn: ({ status, headers, body }) =>
    pageTitle(body) === undefined && headers['www-authenticate'] === undefined && status !== 413,
};

/** What an answer of Woodpecker that is no success means. */
export function woodpeckerError(request: ApiRequest, response: ApiResponse): ApiError {
  const between = intermediaryError(request, response, woodpecker);
  if (between !== undefined) return between;
  const { status } = response;
  const failed = status >= 500;
  const [kind, remedy]: [ApiErrorKind, string] =
    failed && request.method !== 'GET' && status > 501
      ? ['unknown-outcome', 'Whether it happened is unknown. Run the role again: it finds out by reading.']
      : status === 401
        ? [
            'token',
            'Woodpecker does not know woodpecker-token: create a personal access token in its user settings, and store it in the CI secret.',
          ]
        : status === 404
          ? [
              'not-found',
              'Activate the repository in Woodpecker, and let the account of woodpecker-token push to it: it answers the same for both.',
            ]
          : failed
            ? [
                'server',
                "Woodpecker failed; its own log says why, and whether it can read the branch's head.",
              ]
            : ['invalid', ''];
  const page = pageTitle(response.body);
  const answer = typeof response.body === 'string' ? plain(response.body.slice(0, 200)) : '';
  const said =
    page !== undefined
      ? ` It was a web page${page}, so it came from what stands in front of it.`
      : answer === '' || status === 401
        ? ''
        : ` It said: ${answer}.`;
  return new ApiError(
    kind,
    status,
    `Woodpecker: ${describeRequest(request)} answered ${status}.${said}`,
    remedy,
    { isOfIntermediary: !isOfWoodpecker(response) },
  );
}

/**
 * Whether Woodpecker itself refused: every answer of it names its version, and it has words for 400 and 401 alone
 * (server/router/middleware/header). What a limiter turns away goes no further, whoever it is.
 */
function isOfWoodpecker({ status, headers, body }: ApiResponse): boolean {
  if (status === 429) return true;
  return headers['x-woodpecker-version'] !== undefined && (body === null || [400, 401].includes(status));
}

export { anything } from '../api/call.ts';

/** How every function of this folder asks Woodpecker. */
export const { call } = createCalls(woodpeckerError);
