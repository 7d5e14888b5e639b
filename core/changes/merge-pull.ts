import * as z from 'zod/mini';
import { mergePull as merge } from '../forge/pulls.ts';
import { common, issueNumber, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** Merges a pull request, if its head is still the commit that the plan has seen. Never by force. */
export const mergePull = changeKind({
  kind: 'merge-pull',
  sign: '+',
  noun: ['pull request', 'pull requests'],
  verb: ['to merge', 'merged'],
  schema: () =>
    z.strictObject({
      kind: z.literal('merge-pull'),
      ...common(),
      repository: repository(),
      pull: issueNumber(),
      commit: z.string(),
      style: z.string(),
      text: z.string(),
    }),
  describe: (change) => `merge of #${change.pull}`,
  async apply({ repository: name, pull, commit, style, text }, context) {
    const why = await merge(context.send, name, pull, { commit, style, text });
    return why === undefined
      ? { status: 'done', said: `#${pull} merged` }
      : { status: 'stale', said: `#${pull} was not merged: ${why}` };
  },
});
