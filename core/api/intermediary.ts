import { plain, quoted } from '../text/log-line.ts';
import { ApiError } from './errors.ts';
import { type ApiRequest, type ApiResponse, describeRequest, repositoryName } from './send.ts';

// Answers that did not come from the server that was asked, but from what stands between it and this step (RFC 9110 calls it
// an intermediary): a redirect, a login page, a firewall, a proxy with limits of its own. Told as what the server itself
// would mean by the same status they send people to mend a token or a right with which nothing is wrong.

/** The server that was asked, in the words that a message needs. */
export interface Asked {
  /** As it begins a sentence. */
  name: string;
  /** The path of its API below its address. */
  api: string;
  /** The settings that say where it is, and whose call it is. */
  setting: string;
  token: string;
  /** Whether an answer that is no success is one that the server itself would give. */
  isOwn: (response: ApiResponse) => boolean;
}

/** What such an answer means; undefined where the server itself answered. */
export function intermediaryError(
  request: ApiRequest,
  response: ApiResponse,
  asked: Asked,
): ApiError | undefined {
  const { status, body, headers } = response;
  const error = (kind: 'token' | 'invalid', what: string, remedy: string, renamedTo?: string): ApiError =>
    new ApiError(kind, status, `${describeRequest(request)} answered ${status}${what}`, remedy, {
      isOfIntermediary: true,
      renamedTo,
    });
  if (status >= 300 && status < 400 && headers.location !== undefined)
    return error('invalid', ...redirected(request, headers.location, asked));
  if (asked.isOwn(response)) return undefined;
  const page = pageTitle(body);
  if (status === 401 && (page !== undefined || headers['www-authenticate'] !== undefined))
    return error(
      'token',
      `, and not from ${asked.name}: something in front of it wants a login of its own${realmOf(headers['www-authenticate'])}.`,
      `${asked.token} was not looked at. Let requests to ${asked.api}/ through without that login, or give ${asked.setting} an address of the server that does not lead past it.`,
    );
  if (status === 403 && page !== undefined)
    return error(
      'invalid',
      ` with a web page${page}, and not from ${asked.name}: a firewall or a proxy in front of it turned the request away.`,
      `No right is missing. Let requests to ${asked.api}/ from where this runs through there, or give ${asked.setting} an address of the server that does not lead past it.`,
    );
  // What the server itself would mean by it is that there is no such thing, and from that much follows.
  if (status === 404 && page !== undefined)
    return error(
      'invalid',
      ` with a web page${page}, and not from ${asked.name}: whether it is there is not known.`,
      `Let requests to ${asked.api}/ from where this runs through to ${asked.name}, or give ${asked.setting} an address of the server where they arrive.`,
    );
  if (status === 413)
    return error(
      'invalid',
      `: the request is larger than a proxy in front of ${asked.name} takes. Nothing of it was written.`,
      'Raise the limit of that proxy (nginx: client_max_body_size, which is 1m where nobody set it), or make the text shorter.',
    );
  return undefined;
}

/** Where all places stand that name a repository or an account. */
const renameGuide = 'docs/operations.md, "After something was renamed", lists the places.';

/** What a redirect says, and what to change. Redirects are never followed: the token would go wherever they lead. */
function redirected(
  request: ApiRequest,
  location: string,
  asked: Asked,
): [what: string, remedy: string, renamedTo?: string] {
  const target = quoted(location, 200);
  const moved = moveOf(request, location, asked.api);
  switch (moved.kind) {
    case 'repository':
      return [
        `: ${moved.from} is called ${moved.to} now.`,
        `Write ${moved.to} wherever a setting says ${moved.from}. ${renameGuide}`,
        moved.to,
      ];
    case 'account':
      return [
        `: the account ${moved.from} is called ${moved.to} now.`,
        `Write ${moved.to} wherever a setting says ${moved.from}; init and doctor take it with --accounts. ${renameGuide}`,
        moved.to,
      ];
    case 'address':
      return [
        `: ${asked.name} is found at ${quoted(moved.url, 200)} (the answer leads to ${target}).`,
        `Set ${asked.setting} to ${moved.url}.`,
      ];
    case 'login':
      return [
        `, which leads to a login page: ${target}.`,
        `Something in front of ${asked.name}, or its own setting to show nothing without a login, wants a person to log in, and ${asked.token} was not looked at. Let requests to ${asked.api}/ through without that, or give ${asked.setting} an address of the server that does not lead past it.`,
      ];
    case 'elsewhere':
      return [
        `, which leads to ${target}.`,
        `Redirects are not followed, because the token would go there as well. Set ${asked.setting} to the address that ${asked.name} really has.`,
      ];
  }
}

type Move =
  | { kind: 'repository'; from: string; to: string }
  | { kind: 'account'; from: string; to: string }
  | { kind: 'address'; url: string }
  | { kind: 'login' }
  | { kind: 'elsewhere' };

function moveOf(request: ApiRequest, location: string, api: string): Move {
  const isAbsolute = /^https?:\/\//i.test(location);
  // Only a redirect with a host of its own says where the server is; any base serves to take another one apart.
  const url = URL.canParse(location, 'http://forge.invalid')
    ? new URL(location, 'http://forge.invalid')
    : undefined;
  if (url === undefined) return { kind: 'elsewhere' };
  const at = url.pathname.indexOf(`${api}/`);
  if (at < 0)
    return /\/(?:log-?in|sign-?in|sso|oauth2?|saml2?|auth|authorize|cas)\b/i.test(url.pathname)
      ? { kind: 'login' }
      : { kind: 'elsewhere' };
  const { owner, repo } = { owner: '', repo: '', ...request.params };
  const from = `${owner}/${repo}`;
  const to = repositoryIn(url.pathname.slice(at + api.length));
  if (String(repo) !== '' && to !== undefined && to.toLowerCase() !== from.toLowerCase())
    return { kind: 'repository', from, to };
  const login = request.params?.username;
  const [, called] = /^\/users\/([\w.-]{1,100})(?=$|[/?#])/.exec(url.pathname.slice(at + api.length)) ?? [];
  if (typeof login === 'string' && called !== undefined && called.toLowerCase() !== login.toLowerCase())
    return { kind: 'account', from: login, to: called };
  return isAbsolute
    ? { kind: 'address', url: `${url.origin}${url.pathname.slice(0, at)}` }
    : { kind: 'elsewhere' };
}

/** The repository that the path of a call names, as owner/name. */
function repositoryIn(path: string): string | undefined {
  const [, name] = /^\/repos\/([^/]{1,100}\/[^/?#]{1,100})/.exec(path) ?? [];
  if (name === undefined) return undefined;
  try {
    const { owner, repo } = repositoryName(decodeURIComponent(name));
    return /^[\w.-]+$/.test(owner) && /^[\w.-]+$/.test(repo) ? `${owner}/${repo}` : undefined;
  } catch {
    return undefined;
  }
}

/** The title of a web page in brackets, empty where it has none; undefined for what is no web page. */
export function pageTitle(body: unknown): string | undefined {
  if (
    typeof body !== 'string' ||
    !/^\s*<(?:!doctype|html|head|body|title|center|h\d|\?xml)\b/i.test(body.slice(0, 200))
  )
    return undefined;
  const from = body.slice(0, 4000).search(/<title[^<>]{0,200}>/i);
  if (from < 0) return '';
  const start = body.indexOf('>', from) + 1;
  const title = plain(body.slice(start, start + 300).split('<', 1)[0] ?? '')
    .replaceAll('\\n', ' ')
    .trim();
  return title === '' ? '' : ` (${quoted(title, 80)})`;
}

/** Who wants the login, where the answer says so. */
function realmOf(header: string | undefined): string {
  const [, realm] = /realm="?([^",]{1,80})/i.exec(header ?? '') ?? [];
  return realm === undefined ? '' : ` (${quoted(realm, 80)})`;
}
