import * as z from 'zod/mini';
import { ApiError, isApiError } from '../api/errors.ts';
import { createComment, deleteComment, listComments } from '../forge/comments.ts';
import { commentSign, ownComments } from '../own-comment.ts';
import { unlessClosed } from './closed-to-us.ts';
import { common, issueNumber, repository } from './fields.ts';
import { type Applied, changeKind } from './kind.ts';

/**
 * One comment per issue and sign. Looked for before it is written, and again after: of two runs that wrote at the
 * same moment, the later comment is taken back by the run that wrote it.
 */
export const comment = changeKind({
  kind: 'comment',
  sign: '+',
  noun: ['comment', 'comments'],
  verb: ['to write', 'written'],
  schema: () =>
    z.strictObject({
      kind: z.literal('comment'),
      ...common(),
      repository: repository(),
      issue: issueNumber(),
      text: z.string(),
      sign: z.string().check(z.regex(/^[\w#:. -]{1,200}$/)),
      /** See `unlessClosed`. */
      mayDecline: z.optional(z.boolean()),
      /** Whether it is done as well where nothing is left to comment on: what waits for it would otherwise wait for ever. */
      mayBeGone: z.optional(z.boolean()),
    }),
  describe: (change) => `comment on #${change.issue}`,
  async apply(change, context) {
    const { send, account } = context;
    if (account === undefined) throw new Error('a comment was planned without an account');
    const ours = async (): Promise<number[]> => {
      const all = await listComments(send, change.repository, change.issue);
      return ownComments(all, account, change.sign).map(({ id }) => id);
    };
    return unlessGone(change, () =>
      unlessClosed(change, async () => {
        if ((await ours()).length > 0)
          return { status: 'done', said: `comment on #${change.issue} is there already` };
        const written = await createComment(
          send,
          change.repository,
          change.issue,
          `${change.text}\n\n${commentSign(change.sign)}`,
        );
        const now = await ours();
        // Every further look would write it once more.
        if (!now.includes(written.id)) throw notShown(change);
        if (Math.min(...now) < written.id) await deleteComment(send, change.repository, written.id);
        return { status: 'done', said: `comment on #${change.issue} written` };
      }),
    );
  },
});

function notShown({ repository: name, issue }: { repository: string; issue: number }): ApiError {
  return new ApiError(
    'incomplete',
    200,
    `The comment on #${issue} of ${name} was written, and the forge does not show it: its answers are older than what was just written.`,
    'A cache in front of the forge must let everything below /api/ pass by. Where somebody has deleted the comment, or put another in its place, run the role again.',
  );
}

async function unlessGone(
  {
    repository: name,
    issue,
    mayBeGone,
  }: { repository: string; issue: number; mayBeGone?: boolean | undefined },
  write: () => Promise<Applied>,
): Promise<Applied> {
  try {
    return await write();
  } catch (error) {
    if (mayBeGone !== true || !isGone(error)) throw error;
    return { status: 'done', said: `#${issue} of ${name} is gone, so nobody is told` };
  }
}

/** Not there, or led elsewhere, as the forge does where a repository was renamed: what it was called is nobody's thread any more. */
function isGone(error: unknown): boolean {
  return (
    isApiError(error, 'not-found') ||
    (isApiError(error, 'invalid') && error.status >= 300 && error.status < 400)
  );
}
