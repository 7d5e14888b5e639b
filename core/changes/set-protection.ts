import * as z from 'zod/mini';
import { setProtection as set } from '../forge/protections.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A rule that protects a branch, made or changed as a whole. */
export const setProtection = changeKind({
  kind: 'set-protection',
  sign: '~',
  noun: ['rule', 'rules'],
  verb: ['to set', 'set'],
  schema: () =>
    z.strictObject({
      kind: z.literal('set-protection'),
      ...common(),
      repository: repository(),
      /** Whether no rule of this name is there yet. */
      isNew: z.boolean(),
      rule: z.strictObject({
        rule_name: z.string(),
        enable_push: z.boolean(),
        enable_push_whitelist: z.boolean(),
        push_whitelist_usernames: z.array(z.string()),
        push_whitelist_teams: z.array(z.string()),
        push_whitelist_deploy_keys: z.boolean(),
        enable_merge_whitelist: z.optional(z.boolean()),
        merge_whitelist_usernames: z.optional(z.array(z.string())),
        merge_whitelist_teams: z.optional(z.array(z.string())),
        required_approvals: z.int(),
        dismiss_stale_approvals: z.boolean(),
        block_on_rejected_reviews: z.boolean(),
        apply_to_admins: z.boolean(),
        protected_file_patterns: z.string(),
        unprotected_file_patterns: z.string(),
        // What a new rule takes over from the one whose place it takes.
        enable_status_check: z.optional(z.boolean()),
        status_check_contexts: z.optional(z.array(z.string())),
        enable_approvals_whitelist: z.optional(z.boolean()),
        approvals_whitelist_username: z.optional(z.array(z.string())),
        approvals_whitelist_teams: z.optional(z.array(z.string())),
        block_on_official_review_requests: z.optional(z.boolean()),
        block_on_outdated_branch: z.optional(z.boolean()),
        ignore_stale_approvals: z.optional(z.boolean()),
        require_signed_commits: z.optional(z.boolean()),
      }),
    }),
  describe: ({ rule, repository: name }) => `the rule ${rule.rule_name} of ${name}`,
  async apply({ repository: name, rule, isNew }, { send }) {
    await set(send, name, rule, isNew);
    return { status: 'done', said: `the rule ${rule.rule_name} of ${name} is set` };
  },
});
