import * as z from 'zod/mini';
import { ApiError, ifThere } from '../api/errors.ts';
import { type ApiRequest, type RepositoryName, repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';
import { forgeError } from './errors.ts';
import { sinceForgejo } from './versions.ts';

const repository = z.object({
  id: z.int(),
  full_name: z.string(),
  /** `visibility`: who sees the owner, and with it what is public there; `private` shows it to its members alone. */
  owner: z.object({ id: z.int(), login: z.string(), visibility: z.nullish(z.string()) }),
  default_branch: z.string(),
  /** Whether a pull request may be merged by a merge commit; absent on forges that do not say. */
  allow_merge_commits: z.nullish(z.boolean()),
  archived: z.boolean(),
  /** Whether it only follows another one, and takes no commit; absent on forges that do not say. */
  mirror: z.nullish(z.boolean()),
  private: z.nullish(z.boolean()),
  /** Where its page is, as the forge itself believes. */
  html_url: z.nullish(z.string()),
  /** Where it can be cloned from; by SSH the forge may have another name. */
  clone_url: z.nullish(z.string()),
  ssh_url: z.nullish(z.string()),
  /** Whether workflows of the forge run there; absent on forges that do not say. */
  has_actions: z.nullish(z.boolean()),
  /** Of a fork: what it was forked from. */
  parent: z.nullish(z.object({ full_name: z.string() })),
  has_issues: z.boolean(),
  /** Absent when issues are switched off. */
  internal_tracker: z.nullish(z.object({ enable_issue_dependencies: z.boolean() })),
  /** Rights of the token's user, not of the token: an owner's read-only token still shows `admin`. */
  permissions: z.nullish(z.object({ admin: z.boolean(), push: z.boolean(), pull: z.boolean() })),
});
export type Repository = z.infer<typeof repository>;

/** `GET /repos/{owner}/{repo}`, scope read:repository. */
export function getRepository(send: Send, name: string): Promise<Repository> {
  return call(
    send,
    { method: 'GET', route: '/repos/{owner}/{repo}', params: { ...repositoryName(name) } },
    repository,
  );
}

/** Whose a new repository is: our own account's, an organisation's, or another account's, for which it takes a site admin. */
export type NewOwner = 'own' | 'organisation' | 'account';

/**
 * Makes a private repository with a first commit on main, or a public one with nothing in it; false when there is one of that
 * name. `POST /user/repos`,
 * `POST /orgs/{org}/repos` or `POST /admin/users/{username}/repos`; without CI also `PATCH /repos/{owner}/{repo}`. Scopes
 * write:user, write:organization or write:admin, and write:repository.
 */
export async function createRepository(
  send: Send,
  name: string,
  {
    owner = 'own',
    hasActions = false,
    isPublic = false,
  }: { owner?: NewOwner; hasActions?: boolean; isPublic?: boolean } = {},
): Promise<boolean> {
  const { owner: login, repo } = repositoryName(name);
  const body = { name: repo, private: !isPublic, auto_init: !isPublic, default_branch: 'main' };
  const request: ApiRequest =
    owner === 'own'
      ? { method: 'POST', route: '/user/repos', params: {}, body }
      : owner === 'organisation'
        ? { method: 'POST', route: '/orgs/{org}/repos', params: { org: login }, body }
        : { method: 'POST', route: '/admin/users/{username}/repos', params: { username: login }, body };
  const response = await send(request);
  if (response.status >= 300) {
    const error = forgeError(request, response);
    if (error.kind === 'conflict') return false;
    throw error;
  }
  // What stands there is never run; CI that looks at every repository would only be asked to look once more.
  if (!hasActions) await switchOffActions(send, name);
  return true;
}

/** Keeps workflows of the forge from running in a repository. `PATCH /repos/{owner}/{repo}`, scope write:repository. */
export async function switchOffActions(send: Send, name: string): Promise<void> {
  await call(
    send,
    {
      method: 'PATCH',
      route: '/repos/{owner}/{repo}',
      params: { ...repositoryName(name) },
      body: { has_actions: false },
    },
    repository,
  );
}

/**
 * Forks a repository into our own account, under its own name; `there` when there is a fork of it, or another repository
 * of that name, already. Who reads may fork. `POST /repos/{owner}/{repo}/forks`, scope write:repository. Throws where the forge
 * makes none for this account (`permission`, `invalid`), or none for anybody (`no-such-call`: forks are switched off).
 */
export async function createFork(send: Send, name: string): Promise<'made' | 'there'> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/forks',
    params: { ...repositoryName(name) },
    body: {},
  };
  const response = await send(request);
  if (response.status < 300) return 'made';
  const error = forgeError(request, response);
  // The forge answers the same as for a name that is taken, and only its words differ.
  if (error.kind === 'conflict' && /reached (?:the )?(?:maximum )?limit/i.test(error.message))
    throw new ApiError(
      'permission',
      error.status,
      error.message,
      'The account may have no more repositories: delete one that it does not need, or let a site admin raise its limit.',
    );
  if (error.kind === 'conflict') return 'there';
  // Whoever may read a repository may fork it, so what is not there is the call.
  if (error.kind === 'not-found' || error.kind === 'no-such-call')
    throw new ApiError(
      'no-such-call',
      error.status,
      error.message,
      'Forks seem to be switched off on this forge (DISABLE_FORKS): a site admin can allow them.',
    );
  throw error;
}

/**
 * Brings a fork's branch forward to where it is in the repository it was forked from; false when the forge will not: the
 * branch is there already, or has commits of its own. `POST /repos/{owner}/{repo}/sync_fork/{branch}`, scope
 * write:repository.
 */
export async function syncFork(send: Send, fork: string, branchName: string): Promise<boolean> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/sync_fork/{branch}',
    params: { ...repositoryName(fork), branch: branchName },
  };
  const response = await send(request);
  if (response.status < 300) return true;
  const error = forgeError(request, response);
  if (error.kind === 'no-such-call')
    throw new ApiError(
      error.kind,
      error.status,
      `${fork} cannot be brought up to date: this forge is older than Forgejo ${sinceForgejo(request)}, which could do it.`,
      `Delete the fork ${fork} once its pull requests are closed; the role makes a new one.`,
    );
  if (response.status === 400 || response.status === 404) return false;
  throw error;
}

/** Whether a tag is there. `GET /repos/{owner}/{repo}/git/refs/{path}`, scope read:repository. */
export async function findTag(send: Send, name: string, tag: string): Promise<boolean> {
  const request: ApiRequest = {
    method: 'GET',
    route: '/repos/{owner}/{repo}/git/refs/{path}',
    params: { ...repositoryName(name), path: `tags/${tag}` },
  };
  const found = await ifThere(call(send, request, z.array(z.object({ ref: z.string() }))));
  // The forge gives every tag that begins so.
  return found?.some(({ ref }) => ref === `refs/tags/${tag}`) === true;
}

export type { RepositoryName };
