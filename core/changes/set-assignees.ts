import * as z from 'zod/mini';
import { editIssue } from '../forge/issues.ts';
import { unlessForbidden } from './closed-to-us.ts';
import { common, issueNumber, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** Makes these the assignees of an issue, and nobody else. */
export const setAssignees = changeKind({
  kind: 'set-assignees',
  sign: '~',
  noun: ['issue', 'issues'],
  verb: ['to assign', 'assigned'],
  schema: () =>
    z.strictObject({
      kind: z.literal('set-assignees'),
      ...common(),
      repository: repository(),
      issue: issueNumber(),
      logins: z.array(z.string()),
      mayDecline: z.optional(z.boolean()),
    }),
  describe: ({ issue, logins }) =>
    logins.length === 0 ? `nobody on #${issue}` : `${logins.join(', ')} on #${issue}`,
  async apply(change, { send }) {
    const { repository: name, issue, logins } = change;
    return unlessForbidden(change, async () => {
      await editIssue(send, name, issue, { assignees: logins });
      return { status: 'done', said: `#${issue} is assigned to ${logins.join(', ') || 'nobody'}` };
    });
  },
});
