import * as z from 'zod/mini';
import { writeFiles as write } from '../forge/contents.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/**
 * Files of a repository as one commit through the API: each new, or in place of the very blob that the plan has seen;
 * all of them or none.
 */
export const writeFiles = changeKind({
  kind: 'write-files',
  sign: '+',
  noun: ['commit', 'commits'],
  verb: ['to make', 'made'],
  schema: () =>
    z.strictObject({
      kind: z.literal('write-files'),
      ...common(),
      repository: repository(),
      branch: z.string(),
      /** A branch to make for the commit, which then starts from `branch`. */
      newBranch: z.optional(z.string()),
      message: z.string(),
      files: z
        .array(
          z.strictObject({
            path: z.string(),
            content: z.string(),
            /** The blob it replaces; `null` for a file that is not there yet. */
            expects: z.nullable(z.string()),
          }),
        )
        .check(z.minLength(1)),
      /** Files that go in the same commit, each with the blob that it has to be. */
      remove: z.optional(z.array(z.strictObject({ path: z.string(), expects: z.string() }))),
      /** Protection of the branch is no fault: another way is planned in the next round. */
      mayDecline: z.optional(z.boolean()),
    }),
  describe: ({ files, newBranch, branch, repository: name }) =>
    `${files.map(({ path }) => path).join(', ')} on ${newBranch === undefined ? '' : 'the new branch '}${newBranch ?? branch} of ${name}`,
  async apply({ repository: name, branch, newBranch, message, files, remove = [], mayDecline }, context) {
    const paths = files.map(({ path }) => path).join(', ');
    const outcome = await write(context.send, name, {
      branch,
      ...(newBranch === undefined ? {} : { newBranch }),
      message,
      files: [
        ...files.map(({ path, content, expects }) => ({ path, content, sha: expects })),
        ...remove.map(({ path, expects }) => ({ path, content: null, sha: expects })),
      ],
      mayDecline: mayDecline === true,
    });
    if (outcome === 'written') return { status: 'done', said: `${paths} committed` };
    return outcome === 'declined'
      ? { status: 'declined', said: `${paths}: ${branch} is protected, and these paths are not exempt` }
      : { status: 'stale', said: `${paths}: somebody else wrote first` };
  },
});
