import * as z from 'zod/mini';
import { ApiError, isApiError } from '../api/errors.ts';
import { createRepository as create } from '../forge/repositories.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A token that may not make repositories needs no further scope where somebody makes this one. */
async function orByHand<T>(name: string, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!isApiError(error, 'scope', 'permission')) throw error;
    throw new ApiError(
      error.kind,
      error.status,
      `${error.message} Somebody can also make ${name} by hand: private, with a first commit, and with Actions switched off.`,
      error.remedy,
      { scopes: [...error.scopes] },
    );
  }
}

/** A private repository of our own account, with a first commit and without CI. */
export const createRepository = changeKind({
  kind: 'create-repository',
  sign: '+',
  noun: ['repository', 'repositories'],
  verb: ['to make', 'made'],
  schema: () =>
    z.strictObject({
      kind: z.literal('create-repository'),
      ...common(),
      /** `our login/name` */
      repository: repository(),
    }),
  describe: ({ repository: name }) => `the private repository ${name}`,
  async apply({ repository: name }, { send }) {
    const made = await orByHand(name, () => create(send, name));
    return made
      ? { status: 'done', said: `${name} made` }
      : { status: 'stale', said: `${name} is there already` };
  },
});
