import * as z from 'zod/mini';
import { addReaction } from '../forge/reactions.ts';
import { unlessClosed } from './closed-to-us.ts';
import { common, issueNumber, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A reaction of our own account to a comment: what people click on to say the same. */
export const react = changeKind({
  kind: 'react',
  sign: '+',
  noun: ['reaction', 'reactions'],
  verb: ['to set', 'set'],
  schema: () =>
    z.strictObject({
      kind: z.literal('react'),
      ...common(),
      repository: repository(),
      /** The issue or pull request that the comment is on; for people. */
      issue: issueNumber(),
      comment: z.int(),
      content: z.enum(['+1', '-1']),
      /** See `unlessClosed`. */
      mayDecline: z.optional(z.boolean()),
    }),
  describe: ({ content, issue }) => `reaction ${content} on #${issue}`,
  async apply(change, { send, account }) {
    if (account === undefined) throw new Error('a reaction was planned without an account');
    const { repository: name, comment, content, issue } = change;
    return unlessClosed(change, async () => {
      await addReaction(send, name, { comment, content, account });
      return { status: 'done', said: `reaction ${content} on #${issue} set` };
    });
  },
});
