import type { Account, Repository, State } from './state.ts';

/** One request as the handlers see it: who asks, what for, and nothing of HTTP. */
export interface Call {
  state: State;
  /** Who asks, or `null` for somebody without credentials. */
  account: Account | null;
  /** Whether the credentials were a password: needed to make tokens. */
  byPassword: boolean;
  params: Record<string, string>;
  query: URLSearchParams;
  body: Record<string, unknown>;
  /** Which part of the answer is wanted, as its header says it. */
  range?: string | undefined;
  /** Where the forge says it is. */
  url: string;
  /** The folder for git repositories. */
  folder: string;
  paging: { default: number; max: number; trees: number };
  /** Files of more bytes than this are given without their content. */
  largestBlob: number;
}

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As the API's documentation writes it; `{path}` at the end takes all that is left. */
  route: string;
  /** The part of the API it belongs to, which decides the scope a token needs. */
  scope: 'misc' | 'admin' | 'user' | 'organization' | 'repository' | 'issue';
  /** Looked up before the handler for routes below `/repos/{owner}/{repo}`: 404 when it may not be seen. */
  handle: (call: Call, repository: Repository) => Answer | Promise<Answer>;
}

/** An error as the forge writes it; 404 has a list of errors, and a 500 keeps its message to itself. */
export function failure(call: Call, status: number, message: string, errors: string[] = []): Answer {
  return {
    status,
    body: {
      message: status === 500 ? '' : message,
      url: `${call.url}/api/swagger`,
      ...(status === 404 ? { errors } : {}),
    },
  };
}

export function notFound(call: Call): Answer {
  return failure(call, 404, "The target couldn't be found.");
}

export function ok(body: unknown, headers?: Record<string, string>): Answer {
  return { status: 200, body, ...(headers === undefined ? {} : { headers }) };
}

/** Whether a time lies between `since` and `before`, or the answer to one that is no time. */
export function within(call: Call): Answer | ((time: string) => boolean) {
  const bound = (name: string): number | null => {
    const given = (call.query.get(name) ?? '').trim();
    if (given === '') return null;
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(given) ? Date.parse(given) : Number.NaN;
  };
  const [since, before] = [bound('since'), bound('before')];
  if (Number.isNaN(since) || Number.isNaN(before))
    return failure(call, 422, `parsing time: ${call.query.get(Number.isNaN(since) ? 'since' : 'before')}`);
  return (time) =>
    (since === null || Date.parse(time) >= since) && (before === null || Date.parse(time) <= before);
}

export function whole(text: string | null): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** Whether a query says yes; what it does not name is `fallback`, and what is no yes is a no. */
export function flag(call: Call, name: string, fallback = false): boolean {
  const given = call.query.get(name) ?? '';
  return given === '' ? fallback : /^(1|t|true|on)$/i.test(given);
}

interface PageOptions {
  /** Some lists give everything unless a page is asked for. */
  allWithoutPage?: boolean;
  link?: boolean;
  /** `shown`: the forge counts what is on the page instead of what there is. */
  count?: boolean | 'shown';
  /** What a page skips, when that is not the limit. */
  stride?: number;
}

/** One page of a list, with the headers that this list has on the forge. */
export function paged<T>(
  call: Call,
  items: T[],
  shape: (item: T) => unknown,
  path: string,
  options: PageOptions = {},
): Answer {
  const asked = whole(call.query.get('page'));
  const limit = Math.min(whole(call.query.get('limit')) || call.paging.default, call.paging.max);
  const page = Math.max(asked, 1);
  const start = (page - 1) * (options.stride ?? limit);
  const shown = options.allWithoutPage === true && asked === 0 ? items : items.slice(start, start + limit);
  const headers: Record<string, string> = {};
  if (options.count !== false)
    headers['x-total-count'] = String(options.count === 'shown' ? shown.length : items.length);
  if (options.link === true) {
    const link = linkHeader(call, path, page, Math.ceil(items.length / limit));
    if (link !== '') headers.link = link;
  }
  return ok(shown.map(shape), headers);
}

function linkHeader(call: Call, path: string, page: number, last: number): string {
  if (last <= 1) return '';
  const to = (number: number, rel: string): string => {
    const query = new URLSearchParams(call.query);
    query.set('page', String(number));
    query.sort();
    return `<${call.url}/api/v1${path}?${query}>; rel="${rel}"`;
  };
  return [
    ...(page < last ? [to(page + 1, 'next'), to(last, 'last')] : []),
    ...(page > 1 ? [to(1, 'first'), to(page - 1, 'prev')] : []),
  ].join(',');
}

/** Half of a character is stored as U+FFFD, as Go does when it decodes JSON. */
export function text(value: unknown, fallback = ''): string {
  return typeof value === 'string' ? value.toWellFormed() : fallback;
}
