import path from 'node:path';
import {
  branchCommit,
  type Commit,
  type FileChange,
  findInTree,
  listTree,
  log,
  moveRef,
  readBlob,
  resolveCommit,
  type TreeItem,
  writeCommit,
} from '../git.ts';
import { type Answer, type Call, failure, notFound, ok, type Route, text } from '../route.ts';
import { fileCommitShape, fileShape, unsigned } from '../shapes.ts';
import { accessOf, mayWrite, type Repository } from '../state.ts';
import { mayPush, protectedFile } from './protections.ts';
import { archived } from './repositories.ts';

/** The path as the forge stores it: dots are resolved, and a component named `.git` is refused. */
function cleanPath(given: string): string | undefined {
  const clean = path.posix.normalize(`/${given}`).slice(1);
  return clean === '' || clean.split('/').some((part) => part.toLowerCase() === '.git') ? undefined : clean;
}

function lastCommit(repository: Repository, commit: string, file: string): Commit {
  const [last] = log(repository.folder, commit, { path: file, limit: 1 });
  if (last === undefined) throw new Error(`no commit changed ${file}`);
  return last;
}

async function shapeOf(
  call: Call,
  repository: Repository,
  item: TreeItem,
  ref: string,
  commit: string,
  withContent: boolean,
): Promise<unknown> {
  const content = withContent && item.type === 'blob' ? await readBlob(repository.folder, item.sha) : null;
  return fileShape(call, repository, item, ref, lastCommit(repository, commit, item.path), content);
}

async function read(call: Call, repository: Repository): Promise<Answer> {
  if (repository.empty) return ok([]);
  const ref = call.query.get('ref') || repository.defaultBranch;
  const commit = await resolveCommit(repository.folder, ref);
  const missing = (file: string): Answer =>
    failure(call, 404, 'GetContentsOrList', [`object does not exist [id: , rel_path: ${file}]`]);
  const file = (call.params.path ?? '').replace(/\/+$/, '');
  if (commit === undefined)
    return failure(call, 404, 'GetContentsOrList', [`object does not exist [id: ${ref}, rel_path: ]`]);
  const item = file === '' ? undefined : findInTree(repository.folder, commit, file);
  if (file !== '' && item === undefined) return missing(file);
  if (item !== undefined && item.type !== 'tree')
    return ok(await shapeOf(call, repository, item, ref, commit, true));
  const items = listTree(repository.folder, commit, false, file);
  return ok(
    await Promise.all(
      items.map((child) =>
        shapeOf(
          call,
          repository,
          { ...child, path: file === '' ? child.path : `${file}/${child.path}` },
          ref,
          commit,
          false,
        ),
      ),
    ),
  );
}

interface Operation {
  operation: 'create' | 'update' | 'delete';
  path: string;
  content?: unknown;
  sha?: unknown;
  /** Where an updated file was before, if it moves. */
  from_path?: unknown;
}

/** A write of one or more files as one commit, or nothing at all. */
async function write(
  call: Call,
  repository: Repository,
  operations: Operation[],
  single: boolean,
): Promise<Answer> {
  const { body } = call;
  if (call.account === null) return failure(call, 401, 'token is required');
  if (!mayWrite(accessOf(call.state, repository, call.account)))
    return failure(call, 403, 'user should have a permission to write to this branch');
  if (repository.archived) return archived(call, repository);
  const branch = text(body.branch) || repository.defaultBranch;
  const target = text(body.new_branch) || branch;
  const cleaned = operations.map(({ path: given }) => cleanPath(given) ?? given);
  if (!mayPush(repository, target, call.account, true, cleaned))
    return failure(call, 403, `user cannot commit to repo [user: ${call.account.login}]`);
  const held = target === branch ? protectedFile(repository, target, cleaned) : undefined;
  if (held !== undefined)
    return failure(call, 403, `path is protected and can not be changed [path: ${held}]`);
  const head = await branchCommit(repository.folder, branch);
  // This 404 comes without the list of errors that others have.
  if (head === undefined && !repository.empty)
    return {
      status: 404,
      body: { message: `branch does not exist [name: ${branch}]`, url: `${call.url}/api/swagger` },
    };
  if (target !== branch && (await branchCommit(repository.folder, target)) !== undefined)
    return failure(call, 422, `branch already exists [name: ${target}]`);

  const changes: FileChange[] = [];
  const left: FileChange[] = [];
  for (const operation of operations) {
    const change = prepare(call, repository, operation, head, single);
    if ('status' in change) return change;
    changes.push(change);
    const from = cleanPath(text(operation.from_path));
    if (from !== undefined && from !== change.path) left.push({ path: from, content: null });
  }
  const { account } = call;
  const message = text(body.message) || `Update ${changes.map((change) => change.path).join(', ')}`;
  const commit = await writeCommit(
    repository.folder,
    head ?? null,
    [...left, ...changes],
    message,
    { name: account.login, email: account.email },
    dateGiven(call, 'author'),
    dateGiven(call, 'committer'),
  );
  const moved = await moveRef(
    repository.folder,
    `refs/heads/${target}`,
    commit,
    target === branch ? (head ?? null) : null,
  );
  if (!moved) return lostRace(call, target, head);
  // The first commit makes its branch the default one.
  if (repository.empty) repository.defaultBranch = target;
  repository.empty = false;
  const [made] = log(repository.folder, commit, { limit: 1 });
  if (made === undefined) throw new Error('the commit that was just written is not there');
  const files = changes.map((change) => {
    const item = change.content === null ? undefined : findInTree(repository.folder, commit, change.path);
    return item === undefined ? null : fileShape(call, repository, item, target, made, change.content);
  });
  const shared = { commit: fileCommitShape(call, repository, made), verification: unsigned };
  const isNew = operations.some(({ operation }) => operation === 'create') || !single;
  return {
    status: isNew ? 201 : 200,
    body: single ? { content: files[0] ?? null, ...shared } : { files, ...shared },
  };
}

/** Whoever writes may say when that was, of author and committer each. */
function dateGiven(call: Call, whose: 'author' | 'committer'): Date {
  const { dates } = call.body;
  const given = typeof dates === 'object' && dates !== null ? Reflect.get(dates, whose) : undefined;
  return typeof given === 'string' ? new Date(given) : call.state.now();
}

/** Somebody else moved the branch between our reading and writing it; the real message names a path of the server. */
function lostRace(call: Call, branch: string, head: string | undefined): Answer {
  return failure(
    call,
    403,
    `PushRejected Error: exit status 1 - remote: error: cannot lock ref 'refs/heads/${branch}': is at another commit but expected ${head ?? '0'.repeat(40)}\nTo /srv/forge/repositories/x.git\n ! [remote rejected]\n`,
  );
}

function prepare(
  call: Call,
  repository: Repository,
  operation: Operation,
  head: string | undefined,
  single: boolean,
): FileChange | Answer {
  if (!['create', 'update', 'delete'].includes(operation.operation)) return failure(call, 500, '');
  const file = cleanPath(operation.path);
  if (file === undefined)
    return failure(call, 422, `path contains a malformed path component [path: ${operation.path}]`);
  const at = (where: string): TreeItem | undefined =>
    head === undefined ? undefined : findInTree(repository.folder, head, where);
  const moves = operation.operation === 'update' && text(operation.from_path) !== '';
  const from = moves ? cleanPath(text(operation.from_path)) : file;
  if (from === undefined)
    return failure(call, 422, `path contains a malformed path component [path: ${operation.from_path}]`);
  const found = at(from);
  const sha = text(operation.sha);
  const needsRoom = operation.operation === 'create' || from !== file;
  if (needsRoom) {
    for (let above = path.posix.dirname(file); above !== '.'; above = path.posix.dirname(above)) {
      const item = at(above);
      if (item !== undefined && item.type !== 'tree')
        return failure(
          call,
          422,
          `a file exists where you’re trying to create a subdirectory [path: ${above}]`,
        );
    }
    const there = at(file);
    if (there?.type === 'tree')
      return failure(call, 422, `a directory exists where you’re trying to create a file [path: ${file}]`);
    if (there !== undefined) return failure(call, 422, `repository file already exists [path: ${file}]`);
  }
  if (operation.operation !== 'create') {
    if (sha === '')
      return failure(
        call,
        422,
        single ? '[SHA]: Required' : 'a SHA or commit ID must be provided when updating a file',
      );
    if (found === undefined)
      // Only alone is a file that was to be deleted said to be missing.
      return operation.operation === 'delete' && single
        ? failure(call, 404, `repository file does not exist [path: ${file}]`)
        : failure(call, 500, '');
    if (found.sha !== sha)
      return failure(
        call,
        operation.operation === 'delete' && single ? 400 : 409,
        `sha does not match [given: ${sha}, expected: ${found.sha}]`,
      );
    if (operation.operation === 'delete') return { path: file, content: null };
  }
  const encoded = text(operation.content);
  const wrong = encoded.replace(/[\r\n]/g, '').search(/[^A-Za-z0-9+/=]/);
  if (wrong >= 0) return failure(call, 422, `illegal base64 data at input byte ${wrong}`);
  return { path: file, content: Buffer.from(encoded, 'base64') };
}

function one(operation: Operation['operation']): Route['handle'] {
  return (call, repository) =>
    write(call, repository, [{ ...call.body, operation, path: call.params.path ?? '' }], true);
}

export const contentRoutes: Route[] = [
  { method: 'GET', route: '/repos/{owner}/{repo}/contents', scope: 'repository', handle: read },
  { method: 'GET', route: '/repos/{owner}/{repo}/contents/{path}', scope: 'repository', handle: read },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/contents/{path}',
    scope: 'repository',
    handle: one('create'),
  },
  {
    method: 'PUT',
    route: '/repos/{owner}/{repo}/contents/{path}',
    scope: 'repository',
    handle: one('update'),
  },
  {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/contents/{path}',
    scope: 'repository',
    handle: one('delete'),
  },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/contents',
    scope: 'repository',
    handle: (call, repository) => {
      const files = Array.isArray(call.body.files) ? (call.body.files as Operation[]) : [];
      return files.length === 0
        ? failure(call, 422, '[Files]: Required')
        : write(call, repository, files, false);
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/raw/{path}',
    scope: 'repository',
    handle: async (call, repository) => {
      const commit = await resolveCommit(
        repository.folder,
        call.query.get('ref') || repository.defaultBranch,
      );
      const item =
        commit === undefined ? undefined : findInTree(repository.folder, commit, call.params.path ?? '');
      if (item === undefined || item.type !== 'blob') return notFound(call);
      const bytes = await readBlob(repository.folder, item.sha);
      const kind = bytes.includes(0) ? 'application/octet-stream' : 'text/plain; charset=utf-8';
      return { status: 200, body: bytes, headers: { 'content-type': kind } };
    },
  },
];
