import * as z from 'zod/mini';
import { deleteProtection as remove } from '../forge/protections.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A rule taken away, because another one holds in its place. One that is gone already stays so. */
export const deleteProtection = changeKind({
  kind: 'delete-protection',
  sign: '-',
  noun: ['rule', 'rules'],
  verb: ['to take away', 'taken away'],
  schema: () =>
    z.strictObject({
      kind: z.literal('delete-protection'),
      ...common(),
      repository: repository(),
      rule: z.string(),
    }),
  describe: ({ rule, repository: name }) => `the rule ${rule} of ${name}`,
  async apply({ repository: name, rule }, { send }) {
    return (await remove(send, name, rule))
      ? { status: 'done', said: `the rule ${rule} of ${name} is gone` }
      : { status: 'stale', said: `the rule ${rule} of ${name} was gone already` };
  },
});
