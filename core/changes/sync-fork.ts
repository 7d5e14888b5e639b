import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
import { findBranch } from '../forge/branches.ts';
import { syncFork as sync } from '../forge/repositories.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A branch of our fork brought forward to the repository it was forked from. */
export const syncFork = changeKind({
  kind: 'sync-fork',
  sign: '~',
  noun: ['fork', 'forks'],
  verb: ['to bring up to date', 'brought up to date'],
  schema: () =>
    z.strictObject({
      kind: z.literal('sync-fork'),
      ...common(),
      /** The fork. */
      repository: repository(),
      branch: z.string(),
      /** Where the branch was in the repository it was forked from. */
      commit: z.string(),
    }),
  describe: (change) => `${change.branch} of ${change.repository}`,
  async apply({ repository: name, branch, commit }, { send }) {
    if (await sync(send, name, branch)) return { status: 'done', said: `${branch} of ${name} is up to date` };
    if ((await findBranch(send, name, branch))?.commit.id === commit)
      return { status: 'stale', said: `${branch} of ${name} was brought up to date meanwhile` };
    // Commits of the fork's own would end up in every proposal.
    throw new UserError(
      `${branch} of ${name} cannot be brought up to date: it has commits of its own, or no such branch.`,
      `Delete the fork ${name} once its pull requests are closed; the role makes a new one.`,
    );
  },
});
