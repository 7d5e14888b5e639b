import { setState } from '../closing.ts';
import { branchCommit, listBranches, log, moveRef, removeBranch, resolveCommit } from '../git.ts';
import { type Answer, type Call, failure, notFound, ok, paged, type Route, text } from '../route.ts';
import { branchShape, fullName } from '../shapes.ts';
import { accessOf, mayWrite, type Repository } from '../state.ts';
import { branchProtectionShape, mayPush, protectionOf } from './protections.ts';
import { archived } from './repositories.ts';

function shape(call: Call, repository: Repository, name: string, commit: string): unknown {
  const [head] = log(repository.folder, commit, { limit: 1 });
  if (head === undefined) throw new Error(`the branch ${name} has no commit`);
  return branchShape(call, repository, name, head, branchProtectionShape(call, repository, name));
}

function forWriters(work: (call: Call, repository: Repository) => Promise<Answer>): Route['handle'] {
  return (call, repository) => {
    if (!mayWrite(accessOf(call.state, repository, call.account)))
      return failure(call, 403, 'user should have a permission to write to a repo');
    return repository.archived ? archived(call, repository) : work(call, repository);
  };
}

/** One is made; one that was there before is 409; who loses a race for the same name gets a 500 that says nothing. */
const create = forWriters(async (call, repository) => {
  const name = text(call.body.new_branch_name);
  const from = text(call.body.old_ref_name) || text(call.body.old_branch_name) || repository.defaultBranch;
  if (name === '') return failure(call, 422, '[BranchName]: Required');
  if ((await branchCommit(repository.folder, name)) !== undefined)
    return failure(call, 409, 'The branch already exists.');
  if (repository.empty) return failure(call, 404, 'Git Repository is empty.');
  const commit = await resolveCommit(repository.folder, from);
  if (commit === undefined)
    return failure(call, text(call.body.old_ref_name) === '' ? 404 : 500, 'The old branch does not exist');
  // A rule may be there before its branch is: then only those whom it lets through make it.
  if (!mayPush(repository, name, call.account, true)) return failure(call, 500, '');
  if (!(await moveRef(repository.folder, `refs/heads/${name}`, commit, null))) return failure(call, 500, '');
  return { status: 201, body: shape(call, repository, name, commit) };
});

const remove = forWriters(async (call, repository) => {
  const name = call.params.path ?? '';
  if (name === repository.defaultBranch) return failure(call, 403, 'can not delete default branch');
  if (protectionOf(repository, name) !== undefined) return failure(call, 403, 'branch protected');
  const commit = await branchCommit(repository.folder, name);
  // One that is gone answers 500 on the real forge as well.
  if (commit === undefined) return failure(call, 500, '');
  // A pull request without its branch is closed, and keeps the head that was known of it; one from a fork lies elsewhere.
  const closing = call.state.repositories.flatMap(({ issues }) =>
    issues.flatMap((issue) =>
      issue.state === 'open' && issue.pull?.from === repository && issue.pull.head === name ? [issue] : [],
    ),
  );
  if (!removeBranch(repository.folder, name, commit)) return failure(call, 500, '');
  for (const issue of closing) setState(call, issue, 'closed');
  return { status: 204 };
});

/**
 * Whoever may write may give a branch another name, also one that is protected by its name: the rule goes along, and so do
 * the pull requests. Only a rule for a pattern keeps the names that it fits where they are.
 */
const rename = forWriters(async (call, repository) => {
  const [from, to] = [call.params.path ?? '', text(call.body.name)];
  if (to === '') return failure(call, 422, '[Name]: Required');
  if ((await branchCommit(repository.folder, to)) !== undefined)
    return failure(
      call,
      422,
      'Cannot rename a branch using the same name or rename to a branch that already exists.',
    );
  const commit = await branchCommit(repository.folder, from);
  if (commit === undefined) return failure(call, 404, "Branch doesn't exist.");
  const rule = protectionOf(repository, from);
  if (rule !== undefined && rule.name !== from) return failure(call, 500, '');
  if (!(await moveRef(repository.folder, `refs/heads/${to}`, commit, null))) return failure(call, 500, '');
  removeBranch(repository.folder, from, commit);
  if (rule !== undefined) rule.name = to;
  if (repository.defaultBranch === from) repository.defaultBranch = to;
  for (const { pull } of call.state.repositories.flatMap(({ issues }) => issues)) {
    if (pull === null || pull.merged !== null) continue;
    if (pull.from === repository && pull.head === from) pull.head = to;
  }
  for (const { pull } of repository.issues)
    if (pull !== null && pull.merged === null && pull.base === from) pull.base = to;
  return { status: 204 };
});

const createTag = forWriters(async (call, repository) => {
  const name = text(call.body.tag_name);
  const target =
    (await resolveCommit(repository.folder, text(call.body.target) || repository.defaultBranch)) ?? '';
  const [commit] = target === '' ? [] : log(repository.folder, target, { limit: 1 });
  if (commit === undefined) return notFound(call);
  if (!(await moveRef(repository.folder, `refs/tags/${name}`, target, null)))
    return failure(call, 409, `tag already exists [name: ${name}]`);
  const home = `${call.url}/${fullName(call, repository)}`;
  return {
    status: 201,
    body: {
      name,
      message: commit.message.trimEnd(),
      id: target,
      commit: {
        url: `${call.url}/api/v1/repos/${fullName(call, repository)}/git/commits/${target}`,
        sha: target,
        created: commit.committer.date,
      },
      zipball_url: `${home}/archive/${name}.zip`,
      tarball_url: `${home}/archive/${name}.tar.gz`,
      archive_download_count: { zip: 0, tar_gz: 0 },
    },
  };
});

export const branchRoutes: Route[] = [
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/branches',
    scope: 'repository',
    handle: async (call, repository) => {
      const heads = await Promise.all(
        listBranches(repository.folder).map(async (name) => ({
          name,
          commit: (await branchCommit(repository.folder, name)) ?? '',
        })),
      );
      // Those that were committed to last come first.
      const times = new Map(
        heads.map(({ name, commit }) => [
          name,
          Date.parse(log(repository.folder, commit, { limit: 1 })[0]?.committer.date ?? ''),
        ]),
      );
      const timeOf = ({ name }: { name: string }): number => times.get(name) ?? 0;
      heads.sort((a, b) => timeOf(b) - timeOf(a) || (a.name < b.name ? -1 : 1));
      const shapes = heads.map(({ name, commit }) => shape(call, repository, name, commit));
      return paged(call, shapes, (item) => item, `/repos/${fullName(call, repository)}/branches`, {
        link: true,
      });
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/branches/{path}',
    scope: 'repository',
    handle: async (call, repository) => {
      const name = call.params.path ?? '';
      const commit = await branchCommit(repository.folder, name);
      return commit === undefined
        ? failure(call, 404, "The target couldn't be found.", [
            `branch does not exist [repo_id: ${repository.id} name: ${name}]`,
          ])
        : ok(shape(call, repository, name, commit));
    },
  },
  { method: 'POST', route: '/repos/{owner}/{repo}/branches', scope: 'repository', handle: create },
  { method: 'DELETE', route: '/repos/{owner}/{repo}/branches/{path}', scope: 'repository', handle: remove },
  { method: 'PATCH', route: '/repos/{owner}/{repo}/branches/{path}', scope: 'repository', handle: rename },
  { method: 'POST', route: '/repos/{owner}/{repo}/tags', scope: 'repository', handle: createTag },
];
