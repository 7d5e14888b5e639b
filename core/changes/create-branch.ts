import * as z from 'zod/mini';
import { createBranch as create } from '../forge/branches.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A branch that stands at a given commit. One of that name which is there already is left as it is. */
export const createBranch = changeKind({
  kind: 'create-branch',
  sign: '+',
  noun: ['branch', 'branches'],
  verb: ['to make', 'made'],
  schema: () =>
    z.strictObject({
      kind: z.literal('create-branch'),
      ...common(),
      repository: repository(),
      branch: z.string(),
      /** A commit of the repository, in full. */
      commit: z.string(),
    }),
  describe: ({ branch, repository: name, commit }) =>
    `branch ${branch} of ${name}, at commit ${commit.slice(0, 10)}`,
  async apply({ repository: name, branch, commit }, { send }) {
    return (await create(send, name, branch, commit))
      ? { status: 'done', said: `branch ${branch} of ${name} made` }
      : { status: 'stale', said: `branch ${branch} of ${name} was there already` };
  },
});
