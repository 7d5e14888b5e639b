import * as z from 'zod/mini';
import { deleteBranch as remove } from '../forge/branches.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A branch of ours whose work is done. */
export const deleteBranch = changeKind({
  kind: 'delete-branch',
  sign: '-',
  noun: ['branch', 'branches'],
  verb: ['to delete', 'deleted'],
  schema: () =>
    z.strictObject({
      kind: z.literal('delete-branch'),
      ...common(),
      repository: repository(),
      branch: z.string(),
    }),
  describe: (change) => `branch ${change.branch} of ${change.repository}`,
  async apply({ repository: name, branch }, context) {
    return (await remove(context.send, name, branch))
      ? { status: 'done', said: `branch ${branch} deleted` }
      : { status: 'stale', said: `branch ${branch} was gone already` };
  },
});
