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
  /** Where the forge says it is. */
  url: string;
  /** The folder for git repositories. */
  folder: string;
  paging: { default: number; max: number };
}

export interface Answer {
  status: number;
  /** JSON, unless it is a `Buffer`, which goes out as it is. */
  body?: unknown;
  headers?: Record<string, string>;
}

export type Handle = (call: Call, repository: Repository) => Answer | Promise<Answer>;

/** The parts of the API, each with a scope of its own. */
export type Scope = 'misc' | 'admin' | 'user' | 'organization' | 'repository' | 'issue';

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As the API's documentation writes it; `{path}` at the end takes all that is left. */
  path: string;
  /** What a token needs, asked in this order; the method alone says whether to read or to write. */
  scopes: Scope[];
  /** Below `/repos/{owner}/{repo}` the repository is looked up first, and 404 when it may not be seen. */
  handle: Handle;
}

export function route(method: Route['method'], path: string, scopes: Scope | Scope[], handle: Handle): Route {
  return { method, path, scopes: Array.isArray(scopes) ? scopes : [scopes], handle };
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

/** 404; the errors are what the forge lets out about why. */
export function notFound(call: Call, ...errors: string[]): Answer {
  return failure(call, 404, "The target couldn't be found.", errors);
}

export function ok(body: unknown, headers: Record<string, string> = {}): Answer {
  return { status: 200, body, headers };
}
