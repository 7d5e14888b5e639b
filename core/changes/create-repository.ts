import * as z from 'zod/mini';
import { createRepository as create } from '../forge/repositories.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

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
    const made = await create(send, name);
    return made
      ? { status: 'done', said: `${name} made` }
      : { status: 'stale', said: `${name} is there already` };
  },
});
