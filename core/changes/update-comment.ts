import * as z from 'zod/mini';
import { editComment } from '../forge/comments.ts';
import { commentSign } from '../own-comment.ts';
import { unlessClosed } from './closed-to-us.ts';
import { common, issueNumber, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A comment of ours that says what is no longer so, brought up to date. */
export const updateComment = changeKind({
  kind: 'update-comment',
  sign: '~',
  noun: ['comment', 'comments'],
  verb: ['to update', 'updated'],
  schema: () =>
    z.strictObject({
      kind: z.literal('update-comment'),
      ...common(),
      repository: repository(),
      issue: issueNumber(),
      id: z.int(),
      text: z.string(),
      sign: z.string().check(z.regex(/^[\w#:. -]{1,200}$/)),
      /** See `unlessClosed`. */
      mayDecline: z.optional(z.boolean()),
    }),
  describe: (change) => `comment on #${change.issue}`,
  async apply({ repository: name, issue, id, text, sign, mayDecline }, { send }) {
    return unlessClosed({ issue, mayDecline }, async () => {
      await editComment(send, name, id, `${text}\n\n${commentSign(sign)}`);
      return { status: 'done', said: `comment on #${issue} updated` };
    });
  },
});
