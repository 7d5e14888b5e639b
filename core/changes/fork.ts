import * as z from 'zod/mini';
import { sameRepository } from '../accounts.ts';
import { ApiError, ifThere, isApiError } from '../api/errors.ts';
import type { Send } from '../api/send.ts';
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
      /** That none can be made is no fault of the run: the next look plans without it. */
      mayDecline: z.optional(z.boolean()),
    }),
  describe: (change) => `${change.fork}, a fork of ${change.repository}`,
  async apply(change, { send }) {
    try {
      return await make(change, send);
    } catch (error) {
      if (
        change.mayDecline !== true ||
        !isApiError(error, 'permission', 'no-such-call', 'invalid', 'conflict')
      )
        throw error;
      return {
        status: 'declined',
        said: `${change.fork} cannot be made: ${[error.message, error.remedy].join(' ').trim()}`,
      };
    }
  },
});

async function make(
  { repository: name, fork: wanted }: { repository: string; fork: string },
  send: Send,
): Promise<{ status: 'done' | 'stale'; said: string }> {
  if ((await createFork(send, name)) === 'made') return { status: 'done', said: `${wanted} forked` };
  const found = await ifThere(getRepository(send, wanted));
  if (sameRepository(found?.parent?.full_name ?? '', name))
    return { status: 'stale', said: `${wanted} is there already` };
  throw new ApiError(
    'conflict',
    409,
    `${name} cannot be forked as ${wanted}: the account has a fork of it under another name, or another repository of this name.`,
    'Rename or delete that repository; the role makes its own fork.',
  );
}
