import * as z from 'zod/mini';
import { ApiError } from '../api/errors.ts';
import { addLabels as add } from '../forge/labels.ts';
import { unlessForbidden } from './closed-to-us.ts';
import { common, issueNumber, keysOfLabels, labelReference, repository, resolveLabel } from './fields.ts';
import { changeKind } from './kind.ts';

export const addLabels = changeKind({
  kind: 'add-labels',
  sign: '~',
  noun: ['issue', 'issues'],
  verb: ['to label', 'labelled'],
  schema: () =>
    z.strictObject({
      kind: z.literal('add-labels'),
      ...common(),
      repository: repository(),
      issue: issueNumber(),
      /** That our account may not set labels here is no fault: the work goes on without. */
      mayDecline: z.optional(z.boolean()),
      labels: z.array(labelReference()).check(z.minLength(1)),
    }),
  references: ({ labels }) => keysOfLabels(labels),
  describe: (change) => `label #${change.issue} ${change.labels.map(({ name }) => name).join(', ')}`,
  async apply(change, context) {
    const ids = change.labels.map((label) => resolveLabel(label, context));
    const now = await unlessForbidden(change, () =>
      add(context.labels ?? context.send, change.repository, change.issue, ids),
    );
    if ('status' in now) return now;
    const missing = change.labels.filter((_, index) => !now.some(({ id }) => id === ids[index]));
    if (missing.length > 0) {
      throw new ApiError(
        'invalid',
        200,
        `#${change.issue} did not take ${missing.map(({ name }) => name).join(', ')}: the forge dropped it in silence.`,
        'The label was probably deleted meanwhile: run the role again.',
      );
    }
    return {
      status: 'done',
      said: `#${change.issue} labelled ${change.labels.map(({ name }) => name).join(', ')}`,
    };
  },
});
