import * as z from 'zod/mini';
import { UserError } from '../errors.ts';
import { getRepository } from '../forge/repositories.ts';
import { activateRepository as activate, findActive } from '../woodpecker/repositories.ts';
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
    if (await activate(woodpecker, id)) return { status: 'done', said: `${name} is active in Woodpecker` };
    // It keeps the name that a repository had when it was activated, or last pushed to; looked for by the new one, it would never be found.
    if ((await findActive(woodpecker, name)) === undefined)
      throw new UserError(
        `Woodpecker has ${name} under another name, as it was called before it was renamed.`,
        'There, in the settings of the repository under that name, choose Repair repository. Then run this again.',
      );
    return { status: 'stale', said: `${name} was active in Woodpecker already` };
  },
});
