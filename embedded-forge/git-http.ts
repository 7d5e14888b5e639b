import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { credentialsOf, missingScope } from './auth.ts';
import { listBranches } from './git.ts';
import { noteLook, notePushes } from './heads.ts';
import { pushRule } from './routes/protections.ts';
import { type Account, accessOf, findRepository, mayWrite, type Repository, type State } from './state.ts';

/** Whether a URL is one of git's own (the smart HTTP protocol). A runner that clones an action leaves the `.git` away. */
export function isGitPath(pathname: string): boolean {
  return /^\/[^/]+\/[^/]+(\.git\/|\/(info\/refs|git-upload-pack|git-receive-pack)$)/.test(pathname);
}

const hooks = fileURLToPath(new URL('./git/hooks', import.meta.url));

/** The refs that a push is about: a line of its own for each, with its length before it, up to one that is empty. */
function pushedRefs(body: Buffer): string[] {
  const refs: string[] = [];
  for (let at = 0; ; ) {
    const length = Number.parseInt(body.toString('latin1', at, at + 4), 16);
    if (!(length > 4)) return refs;
    const [command = ''] = body.toString('utf8', at + 4, at + length).split('\0');
    refs.push(command.trimEnd().split(' ').slice(2).join(' '));
    at += length;
  }
}

/** What `hooks/pre-receive` has to know of the protected branches among what is pushed. */
function rulesFor(repository: Repository, account: Account | null, body: Buffer): string {
  const lines = pushedRefs(body).flatMap((ref) => {
    const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
    const rule = branch === undefined ? undefined : pushRule(repository, branch, account);
    return rule === undefined
      ? []
      : [[ref, rule.mayPush ? 'yes' : 'no', rule.protected, rule.unprotected].join('\t')];
  });
  return lines.join('\n');
}

/** Serves git's smart HTTP through `git http-backend`: reading by whoever may read, pushing by whoever may write. */
export async function serveGit(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const [, owner = '', folder = '', ...rest] = url.pathname.split('/');
  const repository = findRepository(
    state,
    decodeURIComponent(owner),
    decodeURIComponent(folder).replace(/\.git$/, ''),
  );
  const credentials = credentialsOf(state, request.headers.authorization);
  const account = 'account' in credentials ? credentials.account : null;
  const pushes =
    url.pathname.endsWith('/git-receive-pack') || url.searchParams.get('service') === 'git-receive-pack';
  const access = repository === undefined ? 'none' : accessOf(state, repository, account);
  // A wrong token is never taken for nobody's.
  if (credentials.kind === 'wrong' || (account === null && (pushes || access === 'none'))) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="Gitea"' }).end();
    return;
  }
  if (repository === undefined || access === 'none') {
    response.writeHead(404).end();
    return;
  }
  const scope = missingScope(credentials, 'repository', pushes ? 'POST' : 'GET');
  if (scope !== undefined || (pushes && (!mayWrite(access) || repository.archived))) {
    response.writeHead(403).end();
    return;
  }
  if (url.searchParams.get('service') === 'git-upload-pack') await noteLook(state, repository, () => true);
  const chunks: Buffer[] = [];
  if (pushes) for await (const chunk of request) chunks.push(chunk);
  const pushed = Buffer.concat(chunks);
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: repository.folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `/${rest.join('/')}`,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: account?.login ?? '',
      REMOTE_ADDR: '127.0.0.1',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.hooksPath',
      GIT_CONFIG_VALUE_0: hooks,
      FORGE_RULES: rulesFor(repository, account, pushed),
    },
  });
  if (pushes) backend.stdin.end(pushed);
  else request.pipe(backend.stdin);
  backend.stdin.on('error', () => undefined);
  let head = Buffer.alloc(0);
  let begun = false;
  backend.stdout.on('data', (chunk: Buffer) => {
    if (begun) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    begun = true;
    let status = 200;
    for (const line of head.subarray(0, end).toString('utf8').split('\r\n')) {
      const [name = '', value = ''] = line.split(/:\s*(.*)/s);
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.statusCode = status;
    response.write(head.subarray(end + 4));
  });
  backend.once('close', () => {
    if (!url.pathname.endsWith('/git-receive-pack')) {
      response.end();
      return;
    }
    // Whoever reads after a push has to find a repository that is not empty any more.
    if (listBranches(repository.folder).length > 0) repository.empty = false;
    void notePushes(state, repository, account?.id ?? -1).finally(() => response.end());
  });
}
