import * as z from 'zod/mini';
import { switchOffActions as switchOff } from '../forge/repositories.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** That workflows no longer run in a repository. */
export const switchOffActions = changeKind({
  kind: 'switch-off-actions',
  sign: '~',
  noun: ['repository', 'repositories'],
  verb: ['to keep from running workflows', 'kept from running workflows'],
  schema: () =>
    z.strictObject({
      kind: z.literal('switch-off-actions'),
      ...common(),
      repository: repository(),
    }),
  describe: ({ repository: name }) => `${name}: Actions switched off`,
  async apply({ repository: name }, { send }) {
    await switchOff(send, name);
    return { status: 'done', said: `Actions of ${name} switched off` };
  },
});
