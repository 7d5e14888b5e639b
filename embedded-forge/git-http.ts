import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { credentialsOf, missingScope } from './auth.ts';
import { listBranches } from './git.ts';
import { accessOf, findRepository, mayWrite, type State } from './state.ts';

/** Whether a URL is one of git's own (the smart HTTP protocol). A runner that clones an action leaves the `.git` away. */
export function isGitPath(pathname: string): boolean {
  return /^\/[^/]+\/[^/]+(\.git\/|\/(info\/refs|git-upload-pack|git-receive-pack)$)/.test(pathname);
}

/** Serves git's smart HTTP through `git http-backend`: reading by whoever may read, pushing by whoever may write. */
export function serveGit(state: State, request: IncomingMessage, response: ServerResponse, url: URL): void {
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
    },
  });
  request.pipe(backend.stdin);
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
    response.end();
  });
}
