import * as z from 'zod/mini';
import { ifThere } from '../api/errors.ts';
import { createComment, editComment, listComments } from '../forge/comments.ts';
import { commentSign, ownComments, withSection } from '../own-comment.ts';
import { unlessClosed } from './closed-to-us.ts';
import { common, issueNumber, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** One part of a comment of ours, brought up to date: the part under a heading, which the text begins with. */
export const commentSection = changeKind({
  kind: 'comment-section',
  sign: '~',
  noun: ['comment', 'comments'],
  verb: ['to bring up to date', 'brought up to date'],
  schema: () =>
    z.strictObject({
      kind: z.literal('comment-section'),
      ...common(),
      repository: repository(),
      issue: issueNumber(),
      text: z.string(),
      sign: z.string().check(z.regex(/^[\w#:. -]{1,200}$/)),
      /** See `unlessClosed`. */
      mayDecline: z.optional(z.boolean()),
      /** Our comment as it was read in this run, where nothing else of the plan changes it. */
      known: z.optional(z.strictObject({ id: z.int(), body: z.string() })),
    }),
  describe: (change) => `comment on #${change.issue}`,
  async apply({ repository: name, issue, text, sign, mayDecline, known }, { send, account }) {
    if (account === undefined) throw new Error('a comment was planned without an account');
    return unlessClosed({ issue, mayDecline }, async () => {
      if (known !== undefined) {
        const edited = editComment(send, name, known.id, withSection(known.body, text, sign)).then(
          () => true,
        );
        // Somebody may have deleted it since.
        if ((await ifThere(edited)) === true)
          return { status: 'done', said: `comment on #${issue} brought up to date` };
      }
      const [ours] = ownComments(await listComments(send, name, issue), account, sign);
      if (ours === undefined) {
        await createComment(
          send,
          name,
          issue,
          `${text}

${commentSign(sign)}`,
        );
        return { status: 'done', said: `comment on #${issue} written` };
      }
      const body = withSection(ours.body, text, sign);
      if (body !== ours.body) await editComment(send, name, ours.id, body);
      return { status: 'done', said: `comment on #${issue} brought up to date` };
    });
  },
});
