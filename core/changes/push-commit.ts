import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A commit that was made on this machine, pushed to one ref of a repository, which has to stand where it was seen. */
export const pushCommit = changeKind({
  kind: 'push-commit',
  sign: '+',
  noun: ['commit', 'commits'],
  verb: ['to push', 'pushed'],
  schema: () =>
    z.strictObject({
      kind: z.literal('push-commit'),
      ...common(),
      repository: repository(),
      /** In full: `refs/heads/...`. */
      ref: z.string().check(z.regex(/^refs\/[^\s:^~?*[\\]+$/)),
      commit: z.string().check(z.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)),
      /** The commit that the ref stands at; `null` for a ref that is not there yet. */
      expects: z.nullable(z.string().check(z.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/))),
      /** The name by which the repository on this machine is known in this run. */
      from: z.string(),
    }),
  describe: ({ commit, ref, repository: name }) =>
    `${commit.slice(0, 10)} to ${ref.replace(/^refs\/heads\//, '')} of ${name}`,
  async apply({ repository: name, ref, commit, expects, from }, { works }) {
    if (works === undefined) throw new Error('this run has no repositories on this machine');
    const folder = works.folders.get(from);
    if (folder === undefined) throw new Error(`${from} is no repository on this machine`);
    const outcome = await works.push({ from: folder, commit, repository: name, ref, expects });
    const short = commit.slice(0, 10);
    if (outcome.kind === 'refused')
      throw new UserError(
        `${name} does not take ${short} at ${ref}: ${outcome.said}`,
        'A rule for this branch, or a limit of the forge, may be the reason; mend that, and the next run pushes again.',
      );
    if (outcome.kind === 'stale')
      return { status: 'stale', said: `${ref} of ${name}: somebody pushed first` };
    return {
      status: 'done',
      said:
        outcome.kind === 'there'
          ? `${short} stands at ${ref} of ${name} already`
          : `${short} pushed to ${ref} of ${name}`,
    };
  },
});
