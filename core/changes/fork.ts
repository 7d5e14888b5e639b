import * as z from 'zod/mini';
import { sameRepository } from '../accounts.ts';
import { ifThere } from '../api/errors.ts';
import { UserError } from '../errors.ts';
import { createFork, getRepository } from '../forge/repositories.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A fork in our own account, where proposals are written by an account that may only read the repository itself. */
export const fork = changeKind({
  kind: 'fork',
  sign: '+',
  noun: ['fork', 'forks'],
  verb: ['to make', 'made'],
  schema: () =>
    z.strictObject({
      kind: z.literal('fork'),
      ...common(),
      repository: repository(),
      /** Where the fork will be: `our login/the same name`. */
      fork: repository(),
    }),
  describe: (change) => `${change.fork}, a fork of ${change.repository}`,
  async apply(change, { send }) {
    if (await createFork(send, change.repository)) return { status: 'done', said: `${change.fork} forked` };
    const found = await ifThere(getRepository(send, change.fork));
    if (sameRepository(found?.parent?.full_name ?? '', change.repository))
      return { status: 'stale', said: `${change.fork} is there already` };
    throw new UserError(
      `${change.repository} cannot be forked as ${change.fork}: the account has a fork of it under another name, or another repository of this name.`,
      'Rename or delete that repository; the role makes its own fork.',
    );
  },
});
