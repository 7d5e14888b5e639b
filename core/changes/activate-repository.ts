import * as z from 'zod/mini';
import { getRepository } from '../forge/repositories.ts';
import { activateRepository as activate } from '../woodpecker/repositories.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** A repository of the forge that Woodpecker runs pipelines of from now on. */
export const activateRepository = changeKind({
  kind: 'activate-repository',
  sign: '+',
  noun: ['repository', 'repositories'],
  verb: ['to activate', 'activated'],
  schema: () =>
    z.strictObject({ kind: z.literal('activate-repository'), ...common(), repository: repository() }),
  describe: ({ repository: name }) => `${name} in Woodpecker`,
  async apply({ repository: name }, { send, woodpecker }) {
    // A plan that holds one was made with Woodpecker at hand.
    if (woodpecker === undefined) throw new Error('an activation was planned without Woodpecker');
    const { id } = await getRepository(send, name);
    return (await activate(woodpecker, id))
      ? { status: 'done', said: `${name} is active in Woodpecker` }
      : { status: 'stale', said: `${name} was active in Woodpecker already` };
  },
});
