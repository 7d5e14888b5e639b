import * as z from 'zod/mini';
import { call } from './call.ts';
import { type RepositoryName, repositoryName, type Send } from './send.ts';

const repository = z.object({
  full_name: z.string(),
  owner: z.object({ login: z.string() }),
  default_branch: z.string(),
  archived: z.boolean(),
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

const branch = z.object({ name: z.string(), commit: z.object({ id: z.string() }), protected: z.boolean() });
export type Branch = z.infer<typeof branch>;

/** `GET /repos/{owner}/{repo}/branches/{branch}`, scope read:repository. */
export function getBranch(send: Send, name: string, branchName: string): Promise<Branch> {
  return call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/branches/{path}',
      params: { ...repositoryName(name), path: branchName },
    },
    branch,
  );
}

export type { RepositoryName };
