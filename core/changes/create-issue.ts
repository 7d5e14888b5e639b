import * as z from 'zod/mini';
import { ApiError } from '../api/errors.ts';
import { createIssue as create } from '../forge/issues.ts';
import { sealBody } from '../sealed.ts';
import { quoted } from '../text/log-line.ts';
import {
  common,
  keysOfLabels,
  keysOfProse,
  labelReference,
  prose,
  repository,
  resolveLabel,
  resolveProse,
} from './fields.ts';
import { changeKind } from './kind.ts';

/** A new issue; where it has a last line that ties it to what it was made from, that is what makes the next run keep it. */
export const createIssue = changeKind({
  kind: 'create-issue',
  sign: '+',
  noun: ['issue', 'issues'],
  verb: ['to create', 'created'],
  schema: () =>
    z.strictObject({
      kind: z.literal('create-issue'),
      ...common(),
      key: z.string(),
      repository: repository(),
      title: z.string(),
      content: prose(),
      /** The last line of the body: see `sealed.ts`. */
      tie: z.optional(z.string()),
      labels: z.array(labelReference()),
    }),
  references: ({ labels, content }) => [...keysOfLabels(labels), ...keysOfProse(content)],
  describe: (change) =>
    `issue ${quoted(change.title)}${change.labels.length === 0 ? '' : ` [${change.labels.map(({ name }) => name).join(', ')}]`}`,
  async apply(change, context) {
    const wanted = change.labels.map((label) => resolveLabel(label, context));
    const content = resolveProse(change.content, context);
    const body = change.tie === undefined ? content : sealBody(change.title, content, change.tie);
    const issue = await create(context.send, change.repository, {
      title: change.title,
      body,
      labels: wanted,
    });
    const missing = change.labels.filter((_, index) => !issue.labels.some(({ id }) => id === wanted[index]));
    if (missing.length > 0) {
      // The forge answers 201 and drops them, so every further issue would lose its labels as well.
      throw new ApiError(
        'scope',
        403,
        `#${issue.number} was created without ${missing.map(({ name }) => quoted(name)).join(', ')}: the account may not set labels in ${change.repository}, or somebody deleted them meanwhile, and the forge says neither.`,
        `Give the account write access to ${change.repository}, or make the labels anew; put them on #${issue.number}, and run the role again.`,
      );
    }
    return { status: 'done', number: issue.number, said: `#${issue.number} ${quoted(change.title)}` };
  },
});
