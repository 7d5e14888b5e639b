import * as z from 'zod/mini';
import { requestReview as request } from '../forge/pulls.ts';
import { unlessForbidden } from './closed-to-us.ts';
import { common, issueReference, repository, resolveIssue } from './fields.ts';
import { changeKind } from './kind.ts';

/** Asks somebody to review a pull request. */
export const requestReview = changeKind({
  kind: 'request-review',
  sign: '+',
  noun: ['review', 'reviews'],
  verb: ['to ask for', 'asked for'],
  schema: () =>
    z.strictObject({
      kind: z.literal('request-review'),
      ...common(),
      repository: repository(),
      pull: issueReference(),
      reviewer: z.string(),
      mayDecline: z.optional(z.boolean()),
    }),
  references: ({ pull }) => (typeof pull === 'number' ? [] : [pull.made]),
  describe: ({ reviewer, pull }) => `review by ${reviewer}${typeof pull === 'number' ? ` of #${pull}` : ''}`,
  async apply(change, context) {
    const { repository: name, reviewer } = change;
    const pull = resolveIssue(change.pull, context);
    return unlessForbidden(change, async () =>
      (await request(context.send, name, pull, reviewer))
        ? { status: 'done', said: `${reviewer} is asked to review #${pull}` }
        : { status: 'declined', said: `${reviewer} cannot be asked to review #${pull}` },
    );
  },
});
