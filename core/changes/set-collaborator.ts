import * as z from 'zod/mini';
import { setCollaborator as set } from '../forge/accounts.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/** What an account may do in a repository, as one of its collaborators. */
export const setCollaborator = changeKind({
  kind: 'set-collaborator',
  sign: '+',
  noun: ['right', 'rights'],
  verb: ['to give', 'given'],
  schema: () =>
    z.strictObject({
      kind: z.literal('set-collaborator'),
      ...common(),
      repository: repository(),
      login: z.string(),
      access: z.enum(['read', 'write']),
    }),
  describe: ({ login, access, repository: name }) => `${access} access to ${name} for ${login}`,
  async apply({ repository: name, login, access }, { send }) {
    await set(send, name, { login, access });
    return { status: 'done', said: `${login} may ${access} ${name}` };
  },
});
