import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import {
  type Account,
  collaboratorOf,
  commentOf,
  documentation,
  type Issue,
  issueOf,
  pullOf,
  type Repository,
  repositoryOf,
  userOf,
} from './shapes.ts';

// GitHub's REST API, as far as a dispatch asks it, in one process. Where it is odd, it is odd as GitHub is, and says who saw it.
// A route that it does not know answers 501: nothing may be asked for that nobody has looked up.

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Asked {
  method: string;
  /** With its query. */
  path: string;
  authorization: string;
  body: unknown;
}

export interface EmbeddedGithub {
  /** Of its API. */
  url: string;
  /** Every request, in their order. */
  requests: Asked[];
  /** Answers in place of the usual ones; undefined: the usual one. */
  instead: (asked: Asked) => Answer | undefined;
  /** Requests that no route answers: a test that sees one has found a gap. */
  unknownRoutes: string[];
  addUser(login: string, type?: 'User' | 'Organization'): Account & { token: string };
  /** Makes a token unknown, as one that has expired. */
  forget(token: string): void;
  addRepository(owner: Account, name: string, given?: Partial<Repository>): Repository;
  addIssue(repository: Repository, by: Account | null, given?: Partial<Issue>): Issue;
  addComment(issue: Issue, by: Account | null, body: string): void;
  /** A pull request from one branch into another, both of the repository unless a fork is named. */
  addPull(
    repository: Repository,
    by: Account,
    given: Partial<Issue> & { head: string; sha: string; fork?: Repository },
  ): Issue;
  close(): Promise<void>;
}

interface Call extends Asked {
  /** Whose token it is. */
  by: Account;
  query: URLSearchParams;
  url: string;
}

const moment = '2026-11-26T12:00:00Z';

export async function startGithub(): Promise<EmbeddedGithub> {
  const tokens = new Map<string, Account>();
  const accounts = new Map<string, Account>();
  const repositories: Repository[] = [];
  let lastId = 1000;
  const nextId = (): number => {
    lastId += 1;
    return lastId;
  };
  const own: EmbeddedGithub = {
    url: '',
    requests: [],
    instead: () => undefined,
    unknownRoutes: [],
    addUser(login, type = 'User') {
      const account: Account = { id: nextId(), login, type, members: new Set() };
      // The form of a fine-grained token: docs.github.com/authentication, "About authentication to GitHub".
      const token = `github_pat_${String(account.id).padStart(22, '0')}_${login.padEnd(59, '0').slice(0, 59)}`;
      tokens.set(token, account);
      accounts.set(login.toLowerCase(), account);
      return Object.assign(account, { token });
    },
    forget: (token) => void tokens.delete(token),
    addRepository(owner, name, given = {}) {
      const made: Repository = {
        id: nextId(),
        owner,
        name,
        formerly: [],
        isPrivate: false,
        archived: false,
        hasIssues: true,
        defaultBranch: 'main',
        git: null,
        rights: new Map(),
        issues: [],
        ...given,
      };
      repositories.push(made);
      return made;
    },
    addIssue(repository, user, given = {}) {
      const number = given.number ?? Math.max(0, ...repository.issues.map((issue) => issue.number)) + 1;
      const made: Issue = {
        id: nextId(),
        repository,
        number,
        title: 'An issue',
        body: null,
        state: 'open',
        user,
        labels: [],
        comments: [],
        movedTo: null,
        isDeleted: false,
        pull: null,
        at: moment,
        ...given,
      };
      repository.issues.push(made);
      return made;
    },
    addComment(issue, user, body) {
      issue.comments.push({ id: nextId(), user, body, at: moment });
    },
    addPull(repository, user, { head, sha, fork, ...given }) {
      const pull = { head, sha, base: repository.defaultBranch, home: fork ?? repository, merged: false };
      return own.addIssue(repository, user, {
        title: 'A pull request',
        ...given,
        pull: { ...pull, ...given.pull },
      });
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };

  function find(owner: string, name: string): Repository | undefined {
    return repositories.find(
      (item) => `${item.owner.login}/${item.name}`.toLowerCase() === `${owner}/${name}`.toLowerCase(),
    );
  }

  /** What somebody may do: docs.github.com/rest/collaborators, "legacy base roles". */
  function rightOf(
    { owner, rights, isPrivate }: Repository,
    { login, id }: Account,
  ): 'admin' | 'write' | 'read' | 'none' {
    if (owner.id === id) return 'admin';
    return rights.get(login) ?? (isPrivate ? 'none' : 'read');
  }

  async function answer(call: Call): Promise<Answer> {
    const { method, by, url } = call;
    const [pathname = ''] = call.path.split('?');
    if (method === 'GET' && pathname === '/user') return { status: 200, body: userOf(by) };
    const [, org, member] = /^\/orgs\/([^/]+)\/members\/([^/]+)$/.exec(pathname) ?? [];
    if (org !== undefined && member !== undefined) return memberAnswer(by, org, member, url);
    const [, number, rest0] = /^\/repositories\/(\d+)(\/.*)?$/.exec(pathname) ?? [];
    if (number !== undefined) {
      const found = repositories.find(({ id }) => id === Number(number));
      return found === undefined ? notFound() : within(call, found, rest0 ?? '');
    }
    const [, owner = '', name = '', rest = ''] = /^\/repos\/([^/]+)\/([^/]+)(\/.*)?$/.exec(pathname) ?? [];
    if (owner === '') return unknown(own, call);
    const found = find(owner, name);
    if (found !== undefined) return within(call, found, rest);
    // Under its old name it is found by its number, and what writes is sent there by another status: recorded in
    // github.com/octokit/fixtures, rename-repository.
    const moved = repositories.find(({ formerly }) => formerly.includes(`${owner}/${name}`));
    return moved === undefined || rightOf(moved, by) === 'none'
      ? notFound()
      : redirect(method === 'GET' ? 301 : 307, `${url}/repositories/${moved.id}${rest}`);
  }

  async function within(call: Call, repository: Repository, rest: string): Promise<Answer> {
    const { method, by, url } = call;
    const right = rightOf(repository, by);
    // "404 also means private": docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api.
    if (right === 'none') return notFound();
    const mayPush = right === 'admin' || right === 'write';
    const route = `${method} ${rest.replace(/\/\d+(?=\/|$)/g, '/N')}`;
    const numbers = [...rest.matchAll(/\/(\d+)(?=\/|$)/g)].map(([, text]) => Number(text));
    const place = { url, repository };
    if (route === 'GET ') return { status: 200, body: repositoryOf(place, right) };
    if (route === 'GET /collaborators')
      // The words of github.com/scalacenter/scaladex/issues/115 and many others.
      return mayPush
        ? paged(call, repository, collaborators(repository))
        : forbidden('Must have push access to view repository collaborators.');
    const [, login] = /^GET \/collaborators\/([^/]+)\/permission$/.exec(route) ?? [];
    if (login !== undefined) {
      if (!mayPush) return forbidden('Must have push access to view collaborator permission.');
      const account = accounts.get(login.toLowerCase());
      if (account === undefined) return notFound();
      const permission = rightOf(repository, account);
      return { status: 200, body: { permission, role_name: permission, user: userOf(account) } };
    }
    const [, branch] = /^GET \/branches\/(.+)$/.exec(route) ?? [];
    if (branch !== undefined)
      return branchAnswer(repository, decodeURIComponent(rest.slice('/branches/'.length)));
    if (route === 'GET /pulls') return paged(call, repository, pullsLike(call, repository));
    if (route === 'GET /pulls/N') {
      const found = repository.issues.find((item) => item.number === numbers[0] && item.pull !== null);
      return found === undefined ? notFound() : { status: 200, body: pullOf(place, found, true) };
    }
    if (route === 'DELETE /issues/comments/N') {
      for (const issue of repository.issues) {
        const at = issue.comments.findIndex(
          ({ id, user }) => id === numbers[0] && (user?.id === by.id || mayPush),
        );
        if (at >= 0) {
          issue.comments.splice(at, 1);
          return { status: 204 };
        }
      }
      return notFound();
    }
    if (!/^(?:GET|PATCH) \/issues\/N$|^(?:GET|POST) \/issues\/N\/comments$/.test(route))
      return unknown(own, call);
    return issueAnswer(call, repository, { route, number: numbers[0] ?? 0, mayPush });
  }

  function issueAnswer(
    call: Call,
    repository: Repository,
    { route, number, mayPush }: { route: string; number: number; mayPush: boolean },
  ): Answer {
    const { by, url } = call;
    const place = { url, repository };
    const issue = repository.issues.find((item) => item.number === number);
    if (issue === undefined) return notFound();
    // "Issues are disabled for this repo": github.com/ansible/ansibullbot/issues/845. Pull requests go on.
    if (!repository.hasIssues && issue.pull === null) return gone('Issues are disabled for this repo');
    // 410 and 301: docs.github.com/rest/issues/issues, "Get an issue".
    if (issue.isDeleted) return gone('This issue was deleted');
    const { movedTo } = issue;
    if (movedTo !== null) {
      if (rightOf(movedTo.repository, by) === 'none') return notFound();
      // What hangs on it is redirected to nowhere: github.com/golang/build/pull/26.
      return route.endsWith('/comments')
        ? redirect(301, '')
        : redirect(
            route.startsWith('GET') ? 301 : 307,
            `${url}/repositories/${movedTo.repository.id}/issues/${movedTo.number}`,
          );
    }
    if (route === 'GET /issues/N') return { status: 200, body: issueOf(place, issue) };
    if (route === 'GET /issues/N/comments')
      // By ascending id: docs.github.com/rest/issues/comments.
      return paged(
        call,
        repository,
        issue.comments.map((comment) => commentOf(place, issue, comment)),
      );
    const { body } = (call.body ?? {}) as { body?: unknown };
    if (typeof body !== 'string')
      return { status: 422, body: { message: 'Validation Failed', documentation_url: documentation } };
    if (route === 'POST /issues/N/comments') {
      const comment = { id: nextId(), user: by, body, at: moment };
      issue.comments.push(comment);
      return { status: 201, body: commentOf(place, issue, comment) };
    }
    if (!mayPush && issue.user?.id !== by.id) return forbidden('Must have admin rights to Repository.');
    issue.body = body;
    return { status: 200, body: issueOf(place, issue) };
  }

  /** 204, 404, and 302 to whoever is no member: docs.github.com/rest/orgs/members. */
  function memberAnswer(by: Account, org: string, member: string, url: string): Answer {
    const found = accounts.get(org.toLowerCase());
    if (found?.type !== 'Organization') return notFound();
    if (!found.members.has(by.login)) return redirect(302, `${url}/orgs/${org}/public_members/${member}`);
    return found.members.has(member) ? { status: 204 } : notFound();
  }

  function collaborators(repository: Repository): unknown[] {
    const logins = [...repository.rights.keys()].flatMap((login) => accounts.get(login.toLowerCase()) ?? []);
    const people = repository.owner.type === 'User' ? [repository.owner, ...logins] : logins;
    return people.map((account) => collaboratorOf(account, rightOf(repository, account)));
  }

  /** A filter without the owner before the branch is left out in silence: github.com/PyGithub/PyGithub/issues/1566. */
  function pullsLike({ query, url }: Call, repository: Repository): unknown[] {
    const [owner, head] = query.get('head')?.split(/:(.*)/) ?? [];
    const state = query.get('state') ?? 'open';
    const asked = head === undefined ? null : { owner: owner ?? '', head };
    const wanted = repository.issues.filter((issue) => {
      const { pull } = issue;
      if (pull === null || (state !== 'all' && issue.state !== state)) return false;
      if (query.get('base') !== null && pull.base !== query.get('base')) return false;
      // Forks of the same owner count as well, and other branches at the same commit: github.com/octokit/octokit.js/issues/2056.
      const same = repository.issues.some(
        (other) => other.pull?.head === asked?.head && other.pull?.sha === pull.sha,
      );
      return asked === null || (pull.home?.owner.login === asked.owner && (pull.head === asked.head || same));
    });
    const found = wanted.map((issue) => pullOf({ url, repository }, issue, false));
    return query.get('direction') === 'desc' ? found.reverse() : found;
  }

  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => {
      response.writeHead(599).end(String(error));
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { method = '', url: path = '', headers } = request;
    const asked: Asked = {
      method,
      path,
      authorization: headers.authorization ?? '',
      body: text === '' ? null : JSON.parse(text),
    };
    own.requests.push(asked);
    const by = tokens.get(asked.authorization.replace(/^(?:Bearer|token) /, ''));
    const found =
      own.instead(asked) ??
      // A request without a user agent is turned away: docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api.
      (headers['user-agent'] === undefined
        ? forbidden('Request forbidden by administrative rules.')
        : by === undefined
          ? {
              status: 401,
              body: { message: 'Bad credentials', documentation_url: documentation, status: '401' },
            }
          : await answer({ ...asked, by, url: own.url, query: new URL(path, own.url).searchParams }));
    response.writeHead(found.status, {
      ...(found.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      'x-github-media-type': 'github.v3; format=json',
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '4999',
      ...found.headers,
    });
    response.end(
      found.body === undefined
        ? ''
        : typeof found.body === 'string'
          ? found.body
          : JSON.stringify(found.body),
    );
  }

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  own.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return own;
}

const run = promisify(execFile);

async function branchAnswer({ git }: Repository, name: string): Promise<Answer> {
  if (git === null) return { status: 200, body: { name, commit: { sha: '0'.repeat(40) }, protected: false } };
  try {
    const { stdout } = await run('git', ['--git-dir', git, 'rev-parse', '--verify', `refs/heads/${name}`]);
    return { status: 200, body: { name, commit: { sha: stdout.trim() }, protected: false } };
  } catch {
    return { status: 404, body: { message: 'Branch not found', documentation_url: documentation } };
  }
}

/** 30 unless asked otherwise, 100 at most; addresses name the repository by its number: recorded in octokit/fixtures, paginate-issues. */
function paged({ query, url, path }: Call, { id }: Repository, items: unknown[]): Answer {
  const size = Math.min(100, Number(query.get('per_page') ?? 30));
  const page = Number(query.get('page') ?? 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const rest = /^\/rep(?:os\/[^/]+\/[^/]+|ositories\/\d+)([^?]*)/.exec(path)?.[1] ?? '';
  const link = (to: number, rel: string): string => {
    const more = new URLSearchParams(query);
    more.set('page', String(to));
    return `<${url}/repositories/${id}${rest}?${more}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
    ...(page > 1 ? [link(1, 'first')] : []),
  ];
  return {
    status: 200,
    body: items.slice((page - 1) * size, page * size),
    headers: links.length === 0 ? {} : { link: links.join(', ') },
  };
}

function notFound(): Answer {
  return { status: 404, body: { message: 'Not Found', documentation_url: documentation, status: '404' } };
}

function gone(message: string): Answer {
  return { status: 410, body: { message, documentation_url: documentation, status: '410' } };
}

function forbidden(message: string): Answer {
  return { status: 403, body: { message, documentation_url: documentation, status: '403' } };
}

function redirect(status: number, location: string): Answer {
  return {
    status,
    headers: { location },
    body: { message: 'Moved Permanently', url: location, documentation_url: documentation },
  };
}

function unknown({ unknownRoutes }: EmbeddedGithub, { method, path }: Call): Answer {
  unknownRoutes.push(`${method} ${path}`);
  return { status: 501, body: { message: `${method} ${path} is not embedded` } };
}
