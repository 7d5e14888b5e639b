import * as z from 'zod/mini';
import { type ApiRequest, repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';
import { forgeError } from './errors.ts';

/** What is looked at of a rule, and may be set. What a forge does not know it leaves out; what is not set it may have as null. */
export const protectionFields = {
  rule_name: z.string(),
  enable_push: z.boolean(),
  enable_push_whitelist: z.boolean(),
  push_whitelist_usernames: z.nullish(z.array(z.string())),
  /** Teams and deploy keys that may push as well; absent on forges that know none. */
  push_whitelist_teams: z.nullish(z.array(z.string())),
  push_whitelist_deploy_keys: z.nullish(z.boolean()),
  merge_whitelist_teams: z.nullish(z.array(z.string())),
  enable_merge_whitelist: z.nullish(z.boolean()),
  merge_whitelist_usernames: z.nullish(z.array(z.string())),
  required_approvals: z.int(),
  dismiss_stale_approvals: z.boolean(),
  block_on_rejected_reviews: z.boolean(),
  apply_to_admins: z.boolean(),
  /** Files that nobody can change there, not by a merge either; patterns with `;` between them, in small letters or not. */
  protected_file_patterns: z.string(),
  /** Files that anybody with write access may change there without a pull request. */
  unprotected_file_patterns: z.string(),
  /** What people may have set as well: only carried over where a rule takes the place of another. */
  enable_status_check: z.nullish(z.boolean()),
  status_check_contexts: z.nullish(z.array(z.string())),
  enable_approvals_whitelist: z.nullish(z.boolean()),
  approvals_whitelist_username: z.nullish(z.array(z.string())),
  approvals_whitelist_teams: z.nullish(z.array(z.string())),
  block_on_official_review_requests: z.nullish(z.boolean()),
  block_on_outdated_branch: z.nullish(z.boolean()),
  ignore_stale_approvals: z.nullish(z.boolean()),
  require_signed_commits: z.nullish(z.boolean()),
};
const protection = z.object(protectionFields);
export type Protection = z.infer<typeof protection>;

/** All rules; only a repository's admins may ask. `GET /repos/{owner}/{repo}/branch_protections`, scope read:repository. */
export function listProtections(send: Send, name: string): Promise<Protection[]> {
  return call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/branch_protections',
      params: { ...repositoryName(name) },
    },
    z.array(protection),
  );
}

/** Makes a rule, or changes the one of that name. What the forge stored is what it answers with. Scope write:repository. */
export function setProtection(
  send: Send,
  name: string,
  rule: Protection,
  isNew: boolean,
): Promise<Protection> {
  return call(
    send,
    isNew
      ? {
          method: 'POST',
          route: '/repos/{owner}/{repo}/branch_protections',
          params: { ...repositoryName(name) },
          body: rule,
        }
      : {
          method: 'PATCH',
          route: '/repos/{owner}/{repo}/branch_protections/{path}',
          params: { ...repositoryName(name), path: rule.rule_name },
          body: rule,
        },
    protection,
  );
}

/** Takes a rule away; false where there is none of that name. Scope write:repository. */
export async function deleteProtection(send: Send, name: string, rule: string): Promise<boolean> {
  const request: ApiRequest = {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/branch_protections/{path}',
    params: { ...repositoryName(name), path: rule },
  };
  const response = await send(request);
  if (response.status < 300) return true;
  if (response.status === 404) return false;
  throw forgeError(request, response);
}
