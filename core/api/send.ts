/**
 * The one seam between forgecrew and a forge. Every call of every role goes through a `Send`, so that scoping,
 * masking, counting, faults and dry run each exist once, as a function that takes a `Send` and returns one.
 */
export type Send = (request: ApiRequest) => Promise<ApiResponse>;

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The route as the API's documentation writes it, under `/api/v1`: `/repos/{owner}/{repo}/issues`. */
  route: string;
  /** Fills the `{names}` of the route; what is left over becomes the query string. */
  params?: Record<string, string | number | boolean>;
  body?: unknown;
  /**
   * Only the last bytes of what is answered are wanted, this many, and as text: a log may be larger than this machine. Where
   * the server gives no parts of it, what comes before them is dropped while it arrives.
   */
  lastBytes?: number;
}

export interface ApiResponse {
  status: number;
  /** Header names in lower case. */
  headers: Record<string, string>;
  /** Parsed JSON, or the text where the answer was not JSON or only its end was wanted; `null` where there was no body. */
  body: unknown;
}

/** `owner/name` in its two halves. */
export interface RepositoryName {
  owner: string;
  repo: string;
}

/**
 * The two halves of a full name (`owner/name`), as the parameters of a route take them. What is no full name gives empty halves.
 */
export function repositoryName(fullName: string): RepositoryName {
  const [owner = '', repo = ''] = fullName.split('/');
  return { owner, repo };
}

/** What a reader of a log needs to find the call again: `GET /repos/owner/name/issues`. No query: it may be long. */
export function describeRequest(request: ApiRequest): string {
  return `${request.method} ${pathOf(request).path}`;
}

/**
 * The path and query of a request. Every value is percent-encoded as one path segment, except a parameter named
 * `path` (a file's path, or a branch in the last place), which keeps its slashes.
 */
export function pathOf(request: ApiRequest): { path: string; query: string } {
  const query = new URLSearchParams();
  let path = request.route;
  for (const [name, value] of Object.entries(request.params ?? {})) {
    const hole = `{${name}}`;
    if (path.includes(hole)) {
      const text = String(value);
      const encoded =
        name === 'path' ? text.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(text);
      path = path.replace(hole, () => encoded);
    } else {
      query.append(name, String(value));
    }
  }
  // A comma may stand in a query as it is (RFC 3986, 3.4); as `%2C` a list of 45 ids would be an address over 2,000 characters.
  const search = query.toString().replaceAll('%2C', ',');
  return { path, query: search === '' ? '' : `?${search}` };
}
