import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { credentialsOf, missingScope } from './auth.ts';
import { isGitPath, serveGit } from './git-http.ts';
import { looksAtHead, noteLook, notePushes, settleHeads } from './heads.ts';
import { type Answer, type Call, failure, notFound, type Route } from './route.ts';
import { accountRoutes } from './routes/accounts.ts';
import { actionRoutes, addFinishedRun, type FinishedRun } from './routes/actions.ts';
import { branchRoutes } from './routes/branches.ts';
import { commentRoutes } from './routes/comments.ts';
import { commitRoutes } from './routes/commits.ts';
import { contentRoutes } from './routes/contents.ts';
import { dependencyRoutes } from './routes/dependencies.ts';
import { issueRoutes } from './routes/issues.ts';
import { labelRoutes } from './routes/labels.ts';
import { objectRoutes } from './routes/objects.ts';
import { protectionRoutes } from './routes/protections.ts';
import { pullRoutes } from './routes/pulls.ts';
import { reactionRoutes } from './routes/reactions.ts';
import { repositoryRoutes } from './routes/repositories.ts';
import { reviewRoutes } from './routes/reviews.ts';
import { statusRoutes } from './routes/statuses.ts';
import {
  accessOf,
  addAccount,
  addToken,
  createState,
  findRepository,
  type Repository,
  type Run,
  type State,
  timestamp,
} from './state.ts';

export interface EmbeddedForge {
  url: string;
  /** A token of the site admin, with every scope. */
  adminToken: string;
  adminLogin: string;
  /** Every API request in the order of the answers; `path` starts after `/api/v1` and has its query; times are `performance.now()`. */
  requests: {
    method: string;
    path: string;
    body: unknown;
    status: number;
    as: string | null;
    arrived: number;
    answered: number;
  }[];
  /** Calls that no route answers: a test that sees one here has found a gap. */
  unknownRoutes: string[];
  /** From now on every answer is delayed by this much. */
  setLatency(milliseconds: number): void;
  /** Lets every head that was pushed arrive in the repository of its pull request, however many looks are left. */
  settleHeads(): Promise<void>;
  /** Moves a workflow's run on, as a runner would: nothing is ever run here. */
  settleRun(id: number, status: Run['status']): void;
  /** What the secrets of a repository (`owner/name`) hold, as its runner is given them. */
  secretsOf(repository: string): Record<string, string>;
  /** Puts a run that is over into a repository (`owner/name`), with what its jobs printed. */
  addFinishedRun(repository: string, run: FinishedRun): void;
  close(): Promise<void>;
}

export interface ForgeOptions {
  /** 0 or absent: a free one. */
  port?: number;
  /** Where the git repositories go; a temporary folder that is deleted on close, when absent. */
  folder?: string;
  /** Delays every answer, as a network would. */
  latencyMs?: number;
  /** What the server gives without `limit`, and the most it gives at all. */
  paging?: { default?: number; max?: number; trees?: number };
  /** Files of more bytes than this are given without their content; a forge's own limit is 10 MiB. */
  largestBlob?: number;
  /** Calls that this forge does not have, as `METHOD /route`: an older forge. */
  without?: readonly string[];
  now?: () => Date;
  /**
   * How many looks after a push to the branch of a pull request still find its older head, as on a real forge for up to
   * two seconds: its files, commits, reviews, `refs/pull/N/head`, and 404 for a fork's new commit. Then it arrives. With
   * any lag, the first merge after a head has arrived is refused with "Please try again later". None when absent.
   */
  forkLag?: number;
  /** How many repositories an account may have when it forks; as many as it likes where absent. */
  mostRepositories?: number;
  /** The clock that the forge shows times by, in minutes east of UTC: a forge writes the times of its API by its own. */
  zone?: number;
  /** Says nothing of unknown routes and faults on stderr; unknown routes are remembered all the same. */
  quiet?: boolean;
}

const routes: Route[] = [
  ...accountRoutes,
  ...repositoryRoutes,
  ...labelRoutes,
  ...commentRoutes,
  ...reactionRoutes,
  ...dependencyRoutes,
  ...issueRoutes,
  ...contentRoutes,
  ...commitRoutes,
  ...objectRoutes,
  ...branchRoutes,
  ...protectionRoutes,
  ...statusRoutes,
  ...actionRoutes,
  ...reviewRoutes,
  ...pullRoutes,
];

/** The route of a request with what its `{names}` stand for. `{path}` takes the rest, slashes and all. */
function match(
  method: string,
  pathname: string,
): { route: Route; params: Record<string, string> } | undefined {
  const parts = pathname.split('/').slice(1);
  for (const route of routes) {
    if (route.method !== method) continue;
    const wanted = route.route.split('/').slice(1);
    const open = wanted.at(-1) === '{path}';
    if (open ? parts.length < wanted.length : parts.length !== wanted.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((want, index) => {
      const part = parts[index] ?? '';
      const name = /^\{(\w+)\}$/.exec(want)?.[1];
      if (name === undefined) return want === part;
      params[name] = decodeURIComponent(
        open && index === wanted.length - 1 ? parts.slice(index).join('/') : part,
      );
      return true;
    });
    if (fits) return { route, params };
  }
  return undefined;
}

/** What Go writes in JSON in the place of bytes that would be markup in a page, by the byte. */
const markup: (readonly number[] | undefined)[] = [];
for (const sign of ['<', '>', '&'])
  markup[sign.charCodeAt(0)] = [...Buffer.from(`\\u00${sign.charCodeAt(0).toString(16)}`)];

const timeName = /(?:_at|_on)$|^(?:created|updated|started|stopped|date|timestamp)$/;

/** A time as a forge writes it whose clock is so many minutes east of UTC. */
function inZone(name: string, value: unknown, zone: number): unknown {
  if (typeof value !== 'string' || !timeName.test(name) || !/^\d{4}-\d{2}-\d{2}T[\d:]{8}Z$/.test(value))
    return value;
  const there = new Date(Date.parse(value) + zone * 60_000).toISOString().slice(0, 19);
  const [hours, minutes] = [Math.floor(Math.abs(zone) / 60), Math.abs(zone) % 60];
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${there}${zone < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}`;
}

/** JSON as Go writes it. By bytes, because there may be millions that take six in the place of one. */
function asGoWrites(body: unknown, zone = 0): string | Buffer {
  const text = JSON.stringify(body, zone === 0 ? undefined : (name, value) => inZone(name, value, zone));
  if (!/[<>&]/.test(text)) return text;
  const bytes = Buffer.from(text, 'utf8');
  const written = new Uint8Array(6 * bytes.length);
  let size = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    const signs = markup[byte];
    if (signs === undefined) {
      written[size] = byte;
      size += 1;
      continue;
    }
    for (let nth = 0; nth < 6; nth += 1) written[size + nth] = signs[nth] ?? 0;
    size += 6;
  }
  return Buffer.from(written.buffer, 0, size);
}

function isDecodable(pathname: string): boolean {
  try {
    decodeURIComponent(pathname);
    return true;
  } catch {
    return false;
  }
}

/** Any repository route without a repository in sight never gets here; this stands in for routes that have none. */
const noRepository: Repository = {
  id: 0,
  owner: 0,
  name: '',
  description: '',
  private: true,
  archived: false,
  forkOf: null,
  hasIssues: false,
  hasActions: false,
  empty: true,
  dependencies: false,
  mergeStyles: new Set(),
  defaultMergeStyle: 'merge',
  defaultBranch: '',
  collaborators: new Map(),
  protections: [],
  webhooks: [],
  statuses: [],
  runs: [],
  secrets: new Map(),
  labels: [],
  issues: [],
  lastNumber: 0,
  folder: '',
  created: '',
};

/** The answer of the router itself, before anything of the forge is asked. */
const noSuchCall: Answer = {
  status: 404,
  body: '404 page not found\n',
  headers: { 'content-type': 'text/plain; charset=utf-8' },
};

async function answer(
  state: State,
  {
    without,
    ...base
  }: Pick<Call, 'url' | 'folder' | 'paging' | 'largestBlob'> & {
    without: readonly string[];
  },
  request: {
    method: string;
    url: URL;
    authorization: string | undefined;
    range: string | undefined;
    body: string;
  },
  unknownRoutes: string[],
  say: (text: string) => void,
): Promise<{ answer: Answer; body: Record<string, unknown>; as: string | null }> {
  const credentials = credentialsOf(state, request.authorization);
  const account = 'account' in credentials ? credentials.account : null;
  const call: Call = {
    ...base,
    state,
    account,
    byPassword: credentials.kind === 'password',
    params: {},
    query: request.url.searchParams,
    body: {},
    range: request.range,
  };
  const done = (given: Answer): { answer: Answer; body: Record<string, unknown>; as: string | null } => ({
    answer: given,
    body: call.body,
    as: account?.login ?? null,
  });

  if (!isDecodable(request.url.pathname)) return done(failure(call, 400, 'malformed path'));
  const found = match(request.method, request.url.pathname.replace(/^\/api\/v1/, ''));
  if (found !== undefined && without.includes(`${request.method} ${found.route.route}`))
    return done(noSuchCall);
  if (found === undefined) {
    unknownRoutes.push(`${request.method} ${request.url.pathname}`);
    say(`NO SUCH ROUTE: ${request.method} ${request.url.pathname}`);
    return done(noSuchCall);
  }
  if (request.body !== '') {
    try {
      const parsed: unknown = JSON.parse(request.body);
      call.body = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
    } catch (error) {
      return done(failure(call, 422, error instanceof Error ? error.message : String(error)));
    }
  }
  call.params = found.params;
  if (credentials.kind === 'wrong') return done(failure(call, 401, credentials.message));
  const scope = missingScope(credentials, found.route.scope, request.method);
  if (scope !== undefined)
    return done(failure(call, 403, `token does not have at least one of required scope(s): [${scope}]`));
  let repository = noRepository;
  if (found.route.route.startsWith('/repos/{owner}/{repo}')) {
    const known = findRepository(state, found.params.owner ?? '', found.params.repo ?? '');
    if (known === undefined || accessOf(state, known, account) === 'none') return done(notFound(call));
    repository = known;
    if (request.method !== 'GET' && account === null) return done(failure(call, 401, 'token is required'));
  }
  const rest = request.url.pathname.replace(/^\/api\/v1\/repos\/[^/]+\/[^/]+/, '') + request.url.search;
  await noteLook(state, repository, looksAtHead(rest, call.body));
  const given = await found.route.handle(call, repository);
  if (request.method !== 'GET' && given.status < 300) await notePushes(state, repository, account?.id ?? -1);
  return done(given);
}

/** Starts a forge on loopback. Everything it knows is gone when it is closed. */
export async function startForge(options: ForgeOptions = {}): Promise<EmbeddedForge> {
  const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), 'embedded-forge-'));
  const state = createState(options.now ?? (() => new Date()), options.forkLag ?? 0);
  if (options.mostRepositories !== undefined) state.mostRepositories = options.mostRepositories;
  const admin = addAccount(state, {
    login: 'admin',
    email: 'admin@example.test',
    password: 'admin',
    isAdmin: true,
  });
  const adminToken = addToken(state, admin, 'first', ['all']).sha;
  const paging = {
    default: Math.min(options.paging?.default ?? 30, options.paging?.max ?? 50),
    max: options.paging?.max ?? 50,
    trees: options.paging?.trees ?? 1000,
  };
  const largestBlob = options.largestBlob ?? 10 * 1024 * 1024;
  const requests: EmbeddedForge['requests'] = [];
  const unknownRoutes: string[] = [];
  const say = (text: string): void => {
    if (options.quiet !== true) process.stderr.write(`embedded forge: ${text}\n`);
  };
  let url = '';
  let latency = options.latencyMs ?? 0;

  const server = http.createServer((request, response) => {
    const asked = new URL(request.url ?? '/', url);
    if (isGitPath(asked.pathname)) {
      void serveGit(state, request, response, asked);
      return;
    }
    const chunks: Buffer[] = [];
    const arrived = performance.now();
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', async () => {
      const method = request.method ?? 'GET';
      let given: Awaited<ReturnType<typeof answer>>;
      try {
        given = await answer(
          state,
          { url, folder, paging, largestBlob, without: options.without ?? [] },
          {
            method,
            url: asked,
            authorization: request.headers.authorization,
            range: request.headers.range,
            body: Buffer.concat(chunks).toString('utf8'),
          },
          unknownRoutes,
          say,
        );
      } catch (error) {
        say(`${method} ${asked.pathname}: ${error instanceof Error ? error.stack : error}`);
        given = {
          answer: { status: 500, body: { message: '', url: `${url}/api/swagger` } },
          body: {},
          as: null,
        };
      }
      const { status, body, headers } = given.answer;
      const entry = {
        method,
        path: asked.pathname.replace(/^\/api\/v1/, '') + asked.search,
        body: given.body,
        status,
        as: given.as,
        arrived,
        answered: arrived,
      };
      requests.push(entry);
      const isText = headers?.['content-type'] !== undefined;
      const text =
        body === undefined
          ? ''
          : Buffer.isBuffer(body)
            ? body
            : isText
              ? String(body)
              : asGoWrites(body, options.zone);
      const send = (): void => {
        entry.answered = performance.now();
        response.writeHead(status, {
          date: state.now().toUTCString(),
          ...(text === '' ? {} : { 'content-type': 'application/json;charset=utf-8' }),
          ...headers,
        });
        response.end(text);
      };
      if (latency === 0) send();
      else setTimeout(send, latency);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(options.port ?? 0, '127.0.0.1', done);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the forge has no port');
  url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    adminToken,
    adminLogin: admin.login,
    requests,
    unknownRoutes,
    setLatency: (milliseconds) => {
      latency = milliseconds;
    },
    settleHeads: () => settleHeads(state),
    settleRun: (id, status) => {
      const run = state.repositories.flatMap(({ runs }) => runs).find((item) => item.id === id);
      if (run === undefined) throw new Error(`there is no run ${id}`);
      run.status = status;
      const at = timestamp(state);
      run.started ??= at;
      if (status !== 'running') run.stopped = at;
    },
    secretsOf(name) {
      const [owner = '', repo = ''] = name.split('/');
      const found = findRepository(state, owner, repo)?.secrets ?? new Map<string, { value: string }>();
      return Object.fromEntries([...found].map(([secret, { value }]) => [secret, value]));
    },
    addFinishedRun: (name, run) => {
      const [owner = '', repo = ''] = name.split('/');
      const repository = findRepository(state, owner, repo);
      if (repository === undefined) throw new Error(`there is no ${name}`);
      addFinishedRun(state, repository, run);
    },
    close: () =>
      new Promise((done) => {
        server.close(() => {
          if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
          done();
        });
        server.closeAllConnections();
      }),
  };
}
