import * as z from 'zod/mini';
import { ApiError, isApiError } from '../api/errors.ts';
import { createRepository as create } from '../forge/repositories.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A token that may not make repositories needs no further scope where somebody makes this one. */
async function orByHand<T>(name: string, isPublic: boolean, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!isApiError(error, 'scope', 'permission')) throw error;
    throw new ApiError(
      error.kind,
      error.status,
      `${error.message} Somebody can also make ${name} by hand: ${isPublic ? 'public, and with nothing in it' : 'private, with a first commit, and with Actions switched off'}.`,
      error.remedy,
      { scopes: [...error.scopes] },
    );
  }
}

/** A private repository with a first commit, or a public one that somebody pushes to; of our own account and without CI, where nothing else is said. */
export const createRepository = changeKind({
  kind: 'create-repository',
  sign: '+',
  noun: ['repository', 'repositories'],
  verb: ['to make', 'made'],
  schema: () =>
    z.strictObject({
      kind: z.literal('create-repository'),
      ...common(),
      /** `our login/name`, or of whom `owner` says. */
      repository: repository(),
      owner: z.optional(z.enum(['own', 'organisation', 'account'])),
      /** Whether workflows of the forge run there. */
      hasActions: z.optional(z.boolean()),
      /** Whether everybody reads what will stand there; then it is made with nothing in it. */
      isPublic: z.optional(z.boolean()),
    }),
  describe: ({ repository: name, isPublic }) =>
    isPublic === true
      ? `the public repository ${name}, with nothing in it`
      : `the private repository ${name}`,
  async apply({ repository: name, owner = 'own', hasActions = false, isPublic = false }, { send }) {
    const made = await orByHand(name, isPublic, () => create(send, name, { owner, hasActions, isPublic }));
    return made
      ? { status: 'done', said: `${name} made` }
      : { status: 'stale', said: `${name} is there already` };
  },
});
