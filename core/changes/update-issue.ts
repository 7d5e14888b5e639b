import * as z from 'zod/mini';
import { editIssue, getIssue } from '../forge/issues.ts';
import { isUntouched, openSealed, sealBody } from '../sealed.ts';
import { quoted } from '../text/log-line.ts';
import { common, issueNumber, keysOfProse, prose, repository, resolveProse } from './fields.ts';
import { changeKind } from './kind.ts';

/**
 * Title and content of one of our own issues, rewritten. It is read again just before: if anybody has touched it, or
 * closed it, since the plan was made, it is left alone. What is left is the time between that read and the write, for
 * which the forge's API has no condition.
 */
export const updateIssue = changeKind({
  kind: 'update-issue',
  sign: '~',
  noun: ['issue', 'issues'],
  verb: ['to update', 'updated'],
  schema: () =>
    z.strictObject({
      kind: z.literal('update-issue'),
      ...common(),
      repository: repository(),
      issue: issueNumber(),
      title: z.string(),
      content: prose(),
      /** The last line of the body: see `sealed.ts`. */
      tie: z.string(),
      /** The digest our own last writing left, which the issue must still carry and still match. */
      expects: z.strictObject({ digest: z.string() }),
    }),
  references: ({ content }) => keysOfProse(content),
  describe: (change) => `issue #${change.issue} ${quoted(change.title)}`,
  async apply(change, context) {
    const issue = await getIssue(context.send, change.repository, change.issue);
    const sealed = openSealed(issue.body);
    const same =
      sealed !== undefined &&
      sealed.digest === change.expects.digest &&
      isUntouched(issue.title, sealed) &&
      issue.state === 'open';
    if (!same) return { status: 'stale', said: `#${change.issue} was changed meanwhile and is left alone` };
    const body = sealBody(change.title, resolveProse(change.content, context), change.tie);
    await editIssue(context.send, change.repository, change.issue, { title: change.title, body });
    return { status: 'done', said: `#${change.issue} updated` };
  },
});
