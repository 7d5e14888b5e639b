import { ApiError, type ApiErrorKind, scopeRemedy } from '../api/errors.ts';
import { type Asked, intermediaryError } from '../api/intermediary.ts';
import { type ApiRequest, type ApiResponse, describeRequest } from '../api/send.ts';
import { plain } from '../text/log-line.ts';
import { sinceForgejo } from './versions.ts';

const forge: Asked = {
  name: 'the forge',
  api: '/api/v1',
  setting: 'forge-url',
  token: 'forge-token',
  // Every error of its API is an object with a message.
  isOwn: ({ body }) =>
    typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string',
};

/** A 403 that is about the whole account, whatever is asked, and what mends it. */
const ofAccount: readonly (readonly [RegExp, string])[] = [
  [
    /change your password/i,
    'Its password has to be changed first: log in to the forge as that account and do so, then run the role again. The token stays good.',
  ],
  [
    /two-?factor|\b2fa\b/i,
    'The forge lets nobody in without a second factor: log in as that account and set one up (Settings, Security), for which a site admin can give it a password where nobody knows one. The token stays good.',
  ],
  [
    /prohibited from sign|not activated|is not active|account is (?:disabled|suspended|locked)/i,
    'The account is switched off: a site admin can activate it again, or take another account.',
  ],
];

/**
 * What the server said, fit for a log: one line, short, and without what its messages are known to give away
 * (its own file paths; a 401 repeats the token, so its message is never shown).
 */
function serverSaid(response: ApiResponse): string {
  if (response.status === 401) return '';
  // An answer may be 64 MiB long.
  const message = messageIn(response).slice(0, 1000).trim();
  if (message === '' || message.startsWith('<')) return '';
  const text = plain(message.slice(0, 300).replace(/(^|[\s'"(:])\/[^\s'")]+/g, '$1…')).replace(/[.\s]+$/, '');
  return ` The forge said: ${text}.`;
}

/** The message of an error, or the answer where that is text. Anything else says nothing: made to text, what is deep ends the run. */
function messageIn({ body }: ApiResponse): string {
  const said = typeof body === 'object' && body !== null && 'message' in body ? body.message : body;
  return typeof said === 'string' ? said : '';
}

/** A call that no route of the forge answers gets the text of the router, where all that the forge itself says is JSON. */
function isUnknownCall({ body }: ApiResponse): boolean {
  return typeof body === 'string' && body.trim() === '404 page not found';
}

/**
 * Whether the forge itself surely answered: in JSON with a message, or as its router does. Some refusals of it are empty, none of
 * a start is; and what an empty one of a firewall says of the start is nothing.
 */
function isOfForge(response: ApiResponse): boolean {
  return forge.isOwn(response) || isUnknownCall(response);
}

function kindOf(request: ApiRequest, response: ApiResponse, message: string): ApiErrorKind {
  // A proxy that gave up on a write does not know whether the forge behind it went on.
  if (request.method !== 'GET' && [502, 503, 504].includes(response.status)) return 'unknown-outcome';
  switch (response.status) {
    case 401:
      return 'token';
    case 403:
      if (message.includes('required scope') || isPublicOnly(message)) return 'scope';
      if (ofAccount.some(([said]) => said.test(message))) return 'token';
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

/** Whether a token is kept from everything that is not public, however its scopes are named. */
function isPublicOnly(message: string): boolean {
  return message.includes('limited to public');
}

/**
 * The remedy by kind. The forge names a missing scope itself (`required scope(s): [write:issue]`); a missing right
 * it does not name, so the repository and the level that the call needs are said here.
 */
function remedyFor(kind: ApiErrorKind, request: ApiRequest, message: string, response: ApiResponse): string {
  const repository =
    request.params?.owner === undefined ? '' : `${request.params.owner}/${request.params.repo ?? ''}`;
  switch (kind) {
    case 'token':
      return (
        ofAccount.find(([said]) => said.test(message))?.[1] ??
        'The forge does not know the token: create a new one for the account, and put it where this one comes from (in CI: the secret of forge-token).'
      );
    case 'scope': {
      if (isPublicOnly(message))
        return `forge-token was made for public repositories only, and ${repository === '' ? 'this' : repository} is private: create one for all repositories, and put it where this one comes from (in CI: its secret).`;
      return scopeRemedy(scopesIn(message));
    }
    case 'permission':
      if (message.includes('blocked by the poster'))
        return `Whoever opened it, or owns ${repository}, has blocked the token's account: no right of its own helps against that. Ask them to lift it, or let somebody else open it anew.`;
      if (message.includes('cannot commit to repo'))
        return `The branch is protected. Exempt the path in its protection (unprotected file patterns), let the account push to it, or have the role open a pull request instead.`;
      return `Give the token's account ${request.method === 'GET' ? 'read' : 'write'} access to ${repository} (Settings, Collaborators${isAboutIssues(request) ? '; in an organisation, a team that may write issues and read code is enough, and safer' : ''}).`;
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
    case 'rate':
      return `The forge, or a proxy in front of it, limits how much is asked of it${waitOf(response)}. Start the role less often, or raise that limit for its account; a wait that is shorter than the setting deadline is kept by itself.`;
    case 'invalid':
      if (response.status === 413)
        return 'The account has used up the space that the forge grants it: a site admin can raise its quota.';
      return '';
    case 'server':
      if ([502, 503, 504].includes(response.status))
        return `The forge is down, is being restarted, or cannot be reached by the proxy in front of it${waitOf(response)}. Run the role again when it answers.`;
      return 'The forge failed; its own log says why. Run the role again when it answers.';
    default:
      return '';
  }
}

/** The scopes of which the forge says that one has to be there. */
function scopesIn(message: string): string[] {
  const [, scopes = ''] = /required scope\(s\): \[([^\]]{0,300})\]/.exec(message) ?? [];
  return plain(scopes)
    .split(/[\s,]+/)
    .filter((scope) => scope !== '');
}

/** Whether a write is one that takes the right to issues alone. */
function isAboutIssues({ method, route }: ApiRequest): boolean {
  return method !== 'GET' && /^\/repos\/\{owner\}\/\{repo\}\/(?:issues|labels)\b/.test(route);
}

/** How long it asks to wait, in words. */
function waitOf({ headers }: ApiResponse): string {
  const asked = headers['retry-after'];
  return asked === undefined
    ? ''
    : `, and asks to wait ${/^\d{1,9}$/.test(asked) ? `${asked} seconds` : `until ${plain(asked.slice(0, 40))}`}`;
}

/** The typed error for an answer that is not a success. */
export function forgeError(request: ApiRequest, response: ApiResponse): ApiError {
  const between = intermediaryError(request, response, forge);
  if (between !== undefined) return between;
  // Nothing that is looked for stands further behind, and an answer may be 64 MiB long.
  const raw = messageIn(response).slice(0, 4000);
  const kind = kindOf(request, response, raw);
  const said = serverSaid(response);
  return new ApiError(
    kind,
    response.status,
    `${describeRequest(request)} answered ${response.status}.${said}`,
    remedyFor(kind, request, raw, response),
    {
      ...(kind === 'scope' && !isPublicOnly(raw) ? { scopes: scopesIn(raw) } : {}),
      ofAccount: kind === 'token' && response.status === 403 ? said.trim() : undefined,
      // What a limiter turns away goes no further, whoever it is.
      isOfIntermediary: kind !== 'rate' && !isOfForge(response),
    },
  );
}
