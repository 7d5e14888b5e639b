import * as z from 'zod/mini';
import { setProtection as set } from '../forge/protections.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A rule that protects a branch, made or changed as a whole. */
export const setProtection = changeKind({
  kind: 'set-protection',
  sign: '~',
  noun: ['protection', 'protections'],
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
      }),
    }),
  describe: ({ rule, repository: name }) => `protection of ${rule.rule_name} of ${name}`,
  async apply({ repository: name, rule, isNew }, { send }) {
    await set(send, name, rule, isNew);
    return { status: 'done', said: `${rule.rule_name} of ${name} is protected` };
  },
});
