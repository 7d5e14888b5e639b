import * as z from 'zod/mini';
import { repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';

const protection = z.object({
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
});
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
