import * as z from 'zod/mini';
import { approvePull as approve } from '../forge/pulls.ts';
import { common, issueNumber, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** An approval of the very commit that the plan has seen. */
export const approvePull = changeKind({
  kind: 'approve-pull',
  sign: '+',
  noun: ['approval', 'approvals'],
  verb: ['to give', 'given'],
  schema: () =>
    z.strictObject({
      kind: z.literal('approve-pull'),
      ...common(),
      repository: repository(),
      pull: issueNumber(),
      commit: z.string(),
      text: z.string(),
    }),
  describe: (change) => `approval of #${change.pull}`,
  async apply({ repository: name, pull, commit, text }, context) {
    await approve(context.send, name, pull, { commit, text });
    return { status: 'done', said: `#${pull} approved` };
  },
});
