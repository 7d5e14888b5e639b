import * as z from 'zod/mini';
import { writeFile as write } from '../forge/contents.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A file of a repository, committed through the API: new, or in place of the very blob that the plan has seen. */
export const writeFile = changeKind({
  kind: 'write-file',
  sign: '+',
  noun: ['file', 'files'],
  verb: ['to commit', 'committed'],
  schema: () =>
    z.strictObject({
      kind: z.literal('write-file'),
      ...common(),
      repository: repository(),
      branch: z.string(),
      path: z.string(),
      content: z.string(),
      message: z.string(),
      /** The blob it replaces; `null` for a file that is not there yet. */
      expects: z.strictObject({ sha: z.nullable(z.string()) }),
    }),
  describe: (change) => `${change.path} on ${change.branch} of ${change.repository}`,
  async apply(change, context) {
    const { branch, path, content, message, expects } = change;
    const written = await write(context.send, change.repository, {
      branch,
      path,
      content,
      message,
      sha: expects.sha,
    });
    return written
      ? { status: 'done', said: `${path} committed` }
      : { status: 'stale', said: `${path}: somebody else wrote first` };
  },
});
