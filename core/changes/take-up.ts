import * as z from 'zod/mini';
import { takeUp as take } from '../agent/work/hand-over.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** What another step has handed over at a ref, brought to this machine, so that it can be pushed from here. */
export const takeUp = changeKind({
  kind: 'take-up',
  sign: '+',
  noun: ['ref', 'refs'],
  verb: ['to take up', 'taken up'],
  schema: () =>
    z.strictObject({
      kind: z.literal('take-up'),
      ...common(),
      repository: repository(),
      ref: z.string().check(z.regex(/^refs\/[^\s:^~?*[\\]+$/)),
      /** Where the ref has to stand. */
      commit: z.string().check(z.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)),
      /** A commit of a project that is packed in it, and what that stands on. */
      work: z.nullable(
        z.strictObject({
          repository: repository(),
          base: z.string(),
          merges: z.nullable(z.string()),
          commit: z.string(),
        }),
      ),
      /** The name by which changes that push it know it. */
      as: z.string(),
    }),
  describe: ({ ref, repository: name }) => `${ref} of ${name}`,
  async apply({ repository: name, ref, commit, work, as }, { works }) {
    if (works === undefined) throw new Error('this run has no repositories on this machine');
    const folder = `taken-up-${works.folders.size}`;
    works.folders.set(as, await take(await works.git(), { repository: name, ref, commit, work, folder }));
    return { status: 'done', said: `${ref} of ${name} taken up` };
  },
});
