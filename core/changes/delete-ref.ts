import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A ref of ours whose work is done, branches among them; one that somebody moved stays. */
export const deleteRef = changeKind({
  kind: 'delete-ref',
  sign: '-',
  noun: ['ref', 'refs'],
  verb: ['to delete', 'deleted'],
  schema: () =>
    z.strictObject({
      kind: z.literal('delete-ref'),
      ...common(),
      repository: repository(),
      /** In full: `refs/heads/...`. */
      ref: z.string().check(z.regex(/^refs\/[^\s:^~?*[\\]+$/)),
      /** Where it has to stand; `any` for one that only we write. */
      expects: z.union([z.literal('any'), z.string().check(z.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/))]),
    }),
  describe: ({ ref, repository: name }) => `${ref.replace(/^refs\/heads\//, 'branch ')} of ${name}`,
  async apply({ repository: name, ref, expects }, { works }) {
    if (works === undefined) throw new Error('this run has no repositories on this machine');
    const outcome = await works.push({
      from: await works.empty(),
      commit: null,
      repository: name,
      ref,
      expects,
    });
    if (outcome.kind === 'refused')
      throw new UserError(
        `${name} does not let ${ref} go: ${outcome.said}`,
        'A rule for this branch may be the reason; mend that, and the next run deletes it.',
      );
    return outcome.kind === 'stale'
      ? { status: 'stale', said: `${ref} of ${name} was moved by somebody, and stays` }
      : { status: 'done', said: `${ref} of ${name} deleted` };
  },
});
