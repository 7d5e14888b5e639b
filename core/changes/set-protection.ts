import * as z from 'zod/mini';
import { protectionFields, setProtection as set } from '../forge/protections.ts';
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
        ...protectionFields,
        // Never left to the forge: who may push is what the rule is set for.
        push_whitelist_usernames: z.array(z.string()),
        push_whitelist_teams: z.array(z.string()),
        push_whitelist_deploy_keys: z.boolean(),
      }),
    }),
  describe: ({ rule, repository: name }) => `the rule ${rule.rule_name} of ${name}`,
  async apply({ repository: name, rule, isNew }, { send }) {
    await set(send, name, rule, isNew);
    return { status: 'done', said: `the rule ${rule.rule_name} of ${name} is set` };
  },
});
