import { rmSync } from 'node:fs';
import path from 'node:path';
import { setState } from '../closing.ts';
import {
  branchCommit,
  fetchAll,
  fetchBranch,
  initBare,
  mergeBase,
  mergeStyles,
  moveRef,
  writeCommit,
} from '../git.ts';
import { type Answer, type Call, failure, notFound, ok, paged, type Route, text } from '../route.ts';
import { repositoryShape, styleSettings, userShape } from '../shapes.ts';
import {
  type Account,
  accessOf,
  accountById,
  accountByLogin,
  findRepository,
  mayAdmin,
  mayTend,
  mayWrite,
  nextId,
  type Repository,
  timestamp,
} from '../state.ts';

/** A repository with, where asked for, a first commit that holds a README. */
async function create(call: Call, owner: Account | undefined): Promise<Answer> {
  if (call.account === null || owner === undefined) return failure(call, 401, 'token is required');
  const name = text(call.body.name);
  if (name === '') return failure(call, 422, '[Name]: Required');
  const taken = (): boolean => findRepository(call.state, owner.login, name) !== undefined;
  const conflict = failure(call, 409, 'The repository with the same name already exists.');
  if (taken()) return conflict;
  const id = nextId(call.state, 'repository');
  const repository: Repository = {
    id,
    owner: owner.id,
    name,
    description: text(call.body.description),
    private: call.body.private === true,
    archived: false,
    forkOf: null,
    hasIssues: true,
    hasActions: true,
    empty: call.body.auto_init !== true,
    dependencies: true,
    mergeStyles: new Set(mergeStyles),
    defaultMergeStyle: 'merge',
    defaultBranch: text(call.body.default_branch, 'main') || 'main',
    collaborators: new Map(),
    protections: [],
    webhooks: [],
    statuses: [],
    runs: [],
    secrets: new Map(),
    labels: [],
    issues: [],
    lastNumber: 0,
    folder: path.join(call.folder, `${id}.git`),
    created: timestamp(call.state),
  };
  await initBare(repository.folder, repository.defaultBranch);
  if (call.body.auto_init === true) {
    const person = { name: call.account.login, email: call.account.email };
    const commit = await writeCommit(
      repository.folder,
      null,
      [{ path: 'README.md', content: Buffer.from(`# ${name}\n`) }],
      'Initial commit',
      person,
      call.state.now(),
    );
    await moveRef(repository.folder, `refs/heads/${repository.defaultBranch}`, commit, null);
  }
  // Somebody may have taken the name while git was at work.
  if (taken()) {
    rmSync(repository.folder, { recursive: true, force: true });
    return conflict;
  }
  call.state.repositories.push(repository);
  return { status: 201, body: repositoryShape(call, repository) };
}

/** A copy of the branches in the caller's own account; who reads may fork. A fork has neither issues nor workflows. */
async function fork(call: Call, parent: Repository): Promise<Answer> {
  const { account } = call;
  if (account === null) return failure(call, 401, 'token is required');
  if (call.state.mostRepositories !== undefined) {
    const own = call.state.repositories.filter(({ owner }) => owner === account.id).length;
    if (own >= call.state.mostRepositories)
      return failure(
        call,
        409,
        `user has reached maximum limit of repositories [limit: ${call.state.mostRepositories}]`,
      );
  }
  const name = text(call.body.name) || parent.name;
  const earlier = (): Repository | undefined =>
    call.state.repositories.find((item) => item.forkOf === parent.id && item.owner === account.id);
  const conflict = (): Answer | undefined =>
    earlier() !== undefined || parent.owner === account.id
      ? failure(call, 409, `repository is already forked by user [uname: ${account.login}]`)
      : findRepository(call.state, account.login, name) !== undefined
        ? failure(call, 409, `repository already exists [uname: ${account.login}, name: ${name}]`)
        : undefined;
  const early = conflict();
  if (early !== undefined) return early;
  const id = nextId(call.state, 'repository');
  const made: Repository = {
    ...parent,
    id,
    owner: account.id,
    name,
    forkOf: parent.id,
    archived: false,
    hasIssues: false,
    hasActions: false,
    mergeStyles: new Set(mergeStyles),
    defaultMergeStyle: 'merge',
    collaborators: new Map(),
    protections: [],
    webhooks: [],
    statuses: [],
    runs: [],
    secrets: new Map(),
    labels: [],
    issues: [],
    lastNumber: 0,
    folder: path.join(call.folder, `${id}.git`),
    created: timestamp(call.state),
  };
  await initBare(made.folder, parent.defaultBranch);
  fetchAll(made.folder, parent.folder);
  const late = conflict();
  if (late !== undefined) {
    rmSync(made.folder, { recursive: true, force: true });
    return late;
  }
  call.state.repositories.push(made);
  return { status: 202, body: repositoryShape(call, made) };
}

/** A fork's branch brought forward to where its parent's is; one that went its own way is left alone. */
async function syncFork(call: Call, repository: Repository): Promise<Answer> {
  if (!mayWrite(accessOf(call.state, repository, call.account)))
    return failure(call, 403, 'user should have a permission to write to a repo');
  const parent = call.state.repositories.find(({ id }) => id === repository.forkOf);
  if (parent === undefined) return failure(call, 400, 'The Repo must be a fork');
  const branch = call.params.path ?? '';
  const [ours, theirs] = [
    await branchCommit(repository.folder, branch),
    await branchCommit(parent.folder, branch),
  ];
  if (ours === undefined || theirs === undefined) return notFound(call);
  await fetchBranch(repository.folder, parent.folder, branch);
  const mayMove = ours !== theirs && (await mergeBase(repository.folder, ours, theirs)) === ours;
  if (!mayMove) return failure(call, 400, "You can't sync this branch");
  return (await moveRef(repository.folder, `refs/heads/${branch}`, theirs, ours))
    ? { status: 204 }
    : failure(call, 500, '');
}

function edit(call: Call, repository: Repository): Answer {
  if (!mayAdmin(accessOf(call.state, repository, call.account)))
    return failure(call, 403, 'user should be an owner or a collaborator with admin write of a repository');
  const { body } = call;
  if (typeof body.has_issues === 'boolean') repository.hasIssues = body.has_issues;
  if (typeof body.has_actions === 'boolean') repository.hasActions = body.has_actions;
  if (typeof body.archived === 'boolean') repository.archived = body.archived;
  if (typeof body.private === 'boolean') repository.private = body.private;
  if (typeof body.description === 'string') repository.description = body.description;
  if (typeof body.default_branch === 'string') repository.defaultBranch = body.default_branch;
  for (const [setting, style] of Object.entries(styleSettings)) {
    if (body[setting] === true) repository.mergeStyles.add(style);
    if (body[setting] === false) repository.mergeStyles.delete(style);
  }
  if (typeof body.default_merge_style === 'string') repository.defaultMergeStyle = body.default_merge_style;
  const tracker = body.internal_tracker;
  if (typeof tracker === 'object' && tracker !== null && 'enable_issue_dependencies' in tracker)
    repository.dependencies = tracker.enable_issue_dependencies === true;
  return ok(repositoryShape(call, repository));
}

export function archived(call: Call, repository: Repository): Answer {
  return failure(
    call,
    423,
    `<Repository ${repository.id}:${accountById(call.state, repository.owner)?.login}/${repository.name}> is archived`,
  );
}

function collaborator(call: Call): Account | undefined {
  return accountByLogin(call.state, call.params.collaborator ?? '');
}

function permission(call: Call, repository: Repository): Answer {
  const asked = collaborator(call);
  const own = accessOf(call.state, repository, call.account);
  if (!mayAdmin(own) && call.account?.login.toLowerCase() !== call.params.collaborator?.toLowerCase()) {
    return failure(
      call,
      403,
      'Only admins can query all permissions, repo admins can query all repo permissions, collaborators can query only their own',
    );
  }
  if (asked === undefined)
    return failure(call, 404, "The target couldn't be found.", [
      `user does not exist [uid: 0, name: ${call.params.collaborator}]`,
    ]);
  const access = accessOf(call.state, repository, asked);
  return ok({ permission: access, role_name: access, user: userShape(call, asked) });
}

/** Woodpecker puts one where it is to hear of pushes. */
const hooks = '/repos/{owner}/{repo}/hooks';

function forAdmins(handle: (call: Call, repository: Repository) => Answer): Route['handle'] {
  return (call, repository) =>
    mayAdmin(accessOf(call.state, repository, call.account))
      ? handle(call, repository)
      : failure(call, 403, 'user should be an owner or a collaborator with admin write of a repository');
}

export const repositoryRoutes: Route[] = [
  {
    method: 'GET',
    route: hooks,
    scope: 'repository',
    handle: forAdmins((call, { webhooks }) => paged(call, webhooks, (hook) => hook, hooks)),
  },
  {
    method: 'POST',
    route: hooks,
    scope: 'repository',
    handle: forAdmins((call, { webhooks }) => {
      const { config } = call.body as { config?: { url?: string } };
      if (config?.url === undefined) return failure(call, 422, 'Missing config option: url');
      const hook = { id: webhooks.length + 1, url: config.url };
      webhooks.push(hook);
      return { status: 201, body: hook };
    }),
  },
  {
    method: 'POST',
    route: '/user/repos',
    scope: 'user',
    handle: (call) => create(call, call.account ?? undefined),
  },
  {
    method: 'POST',
    route: '/orgs/{org}/repos',
    scope: 'organization',
    handle: (call) => {
      const owner = accountByLogin(call.state, call.params.org ?? '');
      const may = call.account?.isAdmin === true || owner?.owners.includes(call.account?.id ?? 0) === true;
      return may
        ? create(call, owner)
        : failure(call, 403, 'Given user is not allowed to create repository in organization.');
    },
  },
  {
    method: 'POST',
    route: '/admin/users/{username}/repos',
    scope: 'admin',
    handle: (call) =>
      call.account?.isAdmin === true
        ? create(call, accountByLogin(call.state, call.params.username ?? ''))
        : failure(call, 403, 'user should be the site admin'),
  },
  {
    method: 'GET',
    route: '/repositories/{id}',
    scope: 'repository',
    handle: (call) => {
      const found = call.state.repositories.find(({ id }) => String(id) === call.params.id);
      return found === undefined || accessOf(call.state, found, call.account) === 'none'
        ? notFound(call)
        : ok(repositoryShape(call, found));
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}',
    scope: 'repository',
    handle: (call, repository) => ok(repositoryShape(call, repository)),
  },
  { method: 'PATCH', route: '/repos/{owner}/{repo}', scope: 'repository', handle: edit },
  { method: 'POST', route: '/repos/{owner}/{repo}/forks', scope: 'repository', handle: fork },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/sync_fork/{path}',
    scope: 'repository',
    handle: syncFork,
  },
  {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}',
    scope: 'repository',
    handle: (call, repository) => {
      if (accessOf(call.state, repository, call.account) !== 'owner')
        return failure(call, 403, 'user should be an owner of the repo');
      // What asked to be merged from here into another repository is closed, and never opens again.
      for (const other of call.state.repositories)
        for (const issue of other.issues)
          if (other !== repository && issue.state === 'open' && issue.pull?.from === repository)
            setState(call, issue, 'closed');
      call.state.repositories = call.state.repositories.filter((item) => item !== repository);
      rmSync(repository.folder, { recursive: true, force: true });
      return { status: 204 };
    },
  },
  {
    method: 'PUT',
    route: '/repos/{owner}/{repo}/collaborators/{collaborator}',
    scope: 'repository',
    handle: (call, repository) => {
      if (!mayAdmin(accessOf(call.state, repository, call.account)))
        return failure(
          call,
          403,
          'user should be an owner or a collaborator with admin write of a repository',
        );
      const account = collaborator(call);
      if (account === undefined)
        return failure(call, 422, `user does not exist [uid: 0, name: ${call.params.collaborator}]`);
      const given = text(call.body.permission, 'write');
      repository.collaborators.set(
        account.id,
        given === 'admin' ? 'admin' : given === 'read' ? 'read' : 'write',
      );
      return { status: 204 };
    },
  },
  {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/collaborators/{collaborator}',
    scope: 'repository',
    handle: (call, repository) => {
      if (!mayAdmin(accessOf(call.state, repository, call.account)))
        return failure(
          call,
          403,
          'user should be an owner or a collaborator with admin write of a repository',
        );
      const account = collaborator(call);
      if (account !== undefined) repository.collaborators.delete(account.id);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/collaborators',
    scope: 'repository',
    handle: (call, repository) =>
      paged(
        call,
        [...repository.collaborators.keys()],
        (id) => userShape(call, accountById(call.state, id)),
        '',
      ),
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/collaborators/{collaborator}',
    scope: 'repository',
    handle: (call, repository) =>
      repository.collaborators.has(collaborator(call)?.id ?? 0) ? { status: 204 } : notFound(call),
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/collaborators/{collaborator}/permission',
    scope: 'repository',
    handle: permission,
  },
  {
    // Everybody with write access as of now, to the code or to issues alone, which any reader may ask: by name, and a person
    // whose repository it is last.
    method: 'GET',
    route: '/repos/{owner}/{repo}/assignees',
    scope: 'repository',
    handle: (call, repository) =>
      ok(
        call.state.accounts
          .filter(
            (account) =>
              !account.isOrganisation &&
              (account.id === repository.owner ||
                (!account.isAdmin &&
                  (mayWrite(accessOf(call.state, repository, account)) ||
                    mayTend(call.state, repository, account, 'issues') ||
                    mayTend(call.state, repository, account, 'pulls')))),
          )
          .sort(
            (one, other) =>
              Number(one.id === repository.owner) - Number(other.id === repository.owner) ||
              (one.login < other.login ? -1 : 1),
          )
          .map((account) => userShape(call, account)),
      ),
  },
];
