import * as z from 'zod/mini';
import { isApiError } from '../api/errors.ts';
import { editIssue } from '../forge/issues.ts';
import { common, issueNumber, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** Closing an issue; one that is closed already stays so. */
export const closeIssue = changeKind({
  kind: 'close-issue',
  sign: '~',
  noun: ['issue', 'issues'],
  verb: ['to close', 'closed'],
  schema: () =>
    z.strictObject({
      kind: z.literal('close-issue'),
      ...common(),
      repository: repository(),
      issue: issueNumber(),
    }),
  describe: (change) => `close #${change.issue}`,
  async apply(change, context) {
    try {
      await editIssue(context.send, change.repository, change.issue, { state: 'closed' });
    } catch (error) {
      // Somebody made it depend on an open issue: theirs to decide, and found again by the next look.
      if (isApiError(error, 'precondition'))
        return {
          status: 'stale',
          said: `#${change.issue} depends on an open issue, so the forge keeps it open`,
        };
      throw error;
    }
    return { status: 'done', said: `#${change.issue} closed` };
  },
});
