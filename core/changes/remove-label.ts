import * as z from 'zod/mini';
import { removeLabel as remove } from '../forge/labels.ts';
import { unlessForbidden } from './closed-to-us.ts';
import { common, issueNumber, repository } from './fields.ts';
import { changeKind } from './kind.ts';

export const removeLabel = changeKind({
  kind: 'remove-label',
  sign: '-',
  noun: ['label', 'labels'],
  verb: ['to take off', 'taken off'],
  schema: () =>
    z.strictObject({
      kind: z.literal('remove-label'),
      ...common(),
      repository: repository(),
      issue: issueNumber(),
      /** That our account may not set labels here is no fault: the work goes on without. */
      mayDecline: z.optional(z.boolean()),
      label: z.strictObject({ id: z.int(), name: z.string() }),
    }),
  describe: (change) => `label ${change.label.name} off #${change.issue}`,
  async apply(change, context) {
    return unlessForbidden(change, async () => {
      await remove(context.labels ?? context.send, change.repository, change.issue, change.label.id);
      return { status: 'done', said: `${change.label.name} taken off #${change.issue}` };
    });
  },
});
