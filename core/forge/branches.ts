import * as z from 'zod/mini';
import { shaped } from '../api/call.ts';
import { ApiError, ifThere, orElse } from '../api/errors.ts';
import { type ApiRequest, repositoryName, type Send } from '../api/send.ts';
import { call, pageSize } from './call.ts';
import { forgeError } from './errors.ts';

const branch = z.object({
  name: z.string(),
  commit: z.object({ id: z.string() }),
  protected: z.boolean(),
  /**
   * Whether the token's user is let through by the rule that holds, without regard to exempt paths: false for admins that it
   * does not name. Absent on forges that do not say.
   */
  user_can_push: z.nullish(z.boolean()),
  /** Whether it is one of those who may merge a pull request into it; admins whom the rule does not name are not. */
  user_can_merge: z.nullish(z.boolean()),
  /** The rule that holds; told to admins of the repository only, and empty for everybody else. */
  effective_branch_protection_name: z.nullish(z.string()),
});
/** What a branch tells of itself and of its rule; any reader may ask. */
export type Branch = z.infer<typeof branch>;

/**
 * A branch, without a call where it is among those that are `known`. `GET /repos/{owner}/{repo}/branches/{branch}`, scope
 * read:repository.
 */
export async function getBranch(
  send: Send,
  name: string,
  branchName: string,
  known: readonly Branch[] = [],
): Promise<Branch> {
  const told = known.find((item) => item.name === branchName);
  if (told !== undefined) return told;
  const request: ApiRequest = {
    method: 'GET',
    route: '/repos/{owner}/{repo}/branches/{path}',
    params: { ...repositoryName(name), path: branchName },
  };
  return orElse(
    call(send, request, branch),
    `Check that ${name} has a branch ${branchName} and that the token's account may see it: the forge answers the same for both.`,
  );
}

/** A branch, or undefined when there is none of that name. */
export function findBranch(
  send: Send,
  name: string,
  branchName: string,
  known: readonly Branch[] = [],
): Promise<Branch | undefined> {
  return ifThere(getBranch(send, name, branchName, known));
}

/**
 * The branches that were committed to last, 50 at most: one call for whoever needs several of a repository, where a call for each
 * tells the same. None where there is no such repository, or nothing in it; a branch that is not among them may be there all the
 * same. `GET /repos/{owner}/{repo}/branches`, scope read:repository.
 */
export async function newestBranches(send: Send, name: string): Promise<Branch[]> {
  const request: ApiRequest = {
    method: 'GET',
    route: '/repos/{owner}/{repo}/branches',
    params: { ...repositoryName(name), page: 1, limit: pageSize },
  };
  return (await ifThere(call(send, request, z.array(branch)))) ?? [];
}

/**
 * Makes a branch at a commit; false where one of that name is there already, whatever it holds. Of several that try at the
 * same moment one is answered 201, and the others 409 or 500, so after a 500 it is looked whether there is one.
 * `POST /repos/{owner}/{repo}/branches`, scope write:repository.
 */
export async function createBranch(
  send: Send,
  name: string,
  branchName: string,
  commit: string,
): Promise<boolean> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/repos/{owner}/{repo}/branches',
    params: { ...repositoryName(name) },
    body: { new_branch_name: branchName, old_ref_name: commit },
  };
  const response = await send(request);
  if (response.status < 300) return true;
  const error = forgeError(request, response);
  if (error.kind === 'conflict') return false;
  if (error.kind === 'server' && (await findBranch(send, name, branchName)) !== undefined) return false;
  throw error;
}

/** False when it was gone already. `DELETE /repos/{owner}/{repo}/branches/{branch}`, scope write:repository. */
export async function deleteBranch(send: Send, name: string, branchName: string): Promise<boolean> {
  const request: ApiRequest = {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/branches/{path}',
    params: { ...repositoryName(name), path: branchName },
  };
  const response = await send(request);
  if (response.status < 300) return true;
  const error = forgeError(request, response);
  // A branch that is gone answers 404, and on some versions 500.
  if (error.kind === 'not-found' || error.kind === 'server') return false;
  throw error;
}

const listed = z.array(z.object({ sha: z.string(), parents: z.nullish(z.array(z.unknown())) }));
type Listed = z.infer<typeof listed>[number];

/**
 * The commit that a branch's history begins with. The forge lists parents after their children, so the last one of the list
 * has none; where unrelated histories were merged it is one of several such. Two calls, however long the history is.
 * `GET /repos/{owner}/{repo}/commits?sha=`, scope read:repository.
 */
export async function firstCommit(send: Send, name: string, branch: string): Promise<string> {
  const page = async (number: number): Promise<{ commits: Listed[]; total: number }> => {
    const request: ApiRequest = {
      method: 'GET',
      route: '/repos/{owner}/{repo}/commits',
      params: {
        ...repositoryName(name),
        sha: branch,
        stat: false,
        verification: false,
        files: false,
        limit: 1,
        page: number,
      },
    };
    const response = await send(request);
    if (response.status >= 300) throw forgeError(request, response);
    return {
      commits: shaped(request, response, listed),
      total: Number(response.headers['x-total-count'] ?? 0),
    };
  };
  const { total } = await page(1);
  const [last] = (await page(Math.max(total, 1))).commits;
  // The branch grew between the two calls, or the forge does not count.
  if (last === undefined || (last.parents ?? []).length > 0)
    throw new ApiError(
      'incomplete',
      200,
      `${name}: the first commit of ${branch} was not where the list of its commits ends.`,
      'Run it again.',
    );
  return last.sha;
}
