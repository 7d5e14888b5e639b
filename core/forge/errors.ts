import { ApiError, type ApiErrorKind } from '../api/errors.ts';
import { type ApiRequest, type ApiResponse, describeRequest } from '../api/send.ts';
import { plain } from '../text/log-line.ts';
import { sinceForgejo } from './versions.ts';

/**
 * What the server said, fit for a log: one line, short, and without what its messages are known to give away
 * (its own file paths; a 401 repeats the token, so its message is never shown).
 */
function serverSaid(response: ApiResponse): string {
  if (response.status === 401) return '';
  const { body } = response;
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : body;
  if (typeof message !== 'string' || message.trim() === '' || message.trimStart().startsWith('<')) return '';
  const text = plain(
    message
      .trim()
      .slice(0, 300)
      .replace(/(^|[\s'"(:])\/[^\s'")]+/g, '$1…'),
  ).replace(/[.\s]+$/, '');
  return ` The forge said: ${text}.`;
}

/** A call that no route of the forge answers gets the text of the router, where all that the forge itself says is JSON. */
function isUnknownCall({ body }: ApiResponse): boolean {
  return typeof body === 'string' && body.trim() === '404 page not found';
}

function kindOf(request: ApiRequest, response: ApiResponse, message: string): ApiErrorKind {
  // A proxy that gave up on a write does not know whether the forge behind it went on.
  if (request.method !== 'GET' && [502, 503, 504].includes(response.status)) return 'unknown-outcome';
  switch (response.status) {
    case 401:
      return 'token';
    case 403:
      if (message.includes('required scope')) return 'scope';
      return /PushRejected|cannot lock ref/.test(message) ? 'race' : 'permission';
    case 404:
      return isUnknownCall(response) ? 'no-such-call' : 'not-found';
    case 409:
      return 'conflict';
    case 412:
      return 'precondition';
    case 423:
      return 'archived';
    case 429:
      return 'rate';
    default:
      return response.status >= 500 ? 'server' : 'invalid';
  }
}

/**
 * The remedy by kind. The forge names a missing scope itself (`required scope(s): [write:issue]`); a missing right
 * it does not name, so the repository and the level that the call needs are said here.
 */
function remedyFor(kind: ApiErrorKind, request: ApiRequest, message: string): string {
  const repository =
    request.params?.owner === undefined ? '' : `${request.params.owner}/${request.params.repo ?? ''}`;
  switch (kind) {
    case 'token':
      return 'The forge does not know forge-token: create a new access token for the account in forge-login and store it in the CI secret.';
    case 'scope': {
      const scopes = /required scope\(s\): \[([^\]]*)\]/.exec(message)?.[1] ?? '';
      return `Create a token that also has the scope ${plain(scopes).replaceAll(' ', ', ')} and store it in the CI secret.`;
    }
    case 'permission':
      if (message.includes('cannot commit to repo'))
        return `The branch is protected. Exempt the path in its protection (unprotected file patterns), let the account push to it, or have the role open a pull request instead.`;
      return `Give the token's account ${request.method === 'GET' ? 'read' : 'write'} access to ${repository} (Settings, Collaborators).`;
    case 'not-found':
      return repository === ''
        ? 'Check the name; the forge answers the same when the account may not see it.'
        : `Check that ${repository} is right and that the token's account may see it: the forge answers the same for both.`;
    case 'no-such-call': {
      const since = sinceForgejo(request);
      return since === undefined
        ? 'Check that forge-url is the address of a Forgejo; what answers there does not know this call.'
        : `This call came with Forgejo ${since}: update the forge. docs/forge-versions.md says what works on older ones.`;
    }
    case 'archived':
      return `${repository} is archived: unarchive it, or stop the role for it.`;
    case 'unknown-outcome':
      return 'Whether it happened is unknown. Run the role again: it finds out by reading, and does only what is missing.';
    case 'server':
      return 'The forge failed; its own log says why. Run the role again when it answers.';
    default:
      return '';
  }
}

/** The typed error for an answer that is not a success. */
export function forgeError(request: ApiRequest, response: ApiResponse): ApiError {
  const { body } = response;
  const raw =
    typeof body === 'object' && body !== null && 'message' in body
      ? String(body.message)
      : String(body ?? '');
  const kind = kindOf(request, response, raw);
  return new ApiError(
    kind,
    response.status,
    `${describeRequest(request)} answered ${response.status}.${serverSaid(response)}`,
    remedyFor(kind, request, raw),
  );
}
