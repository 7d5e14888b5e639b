import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import { createUser } from '../forge/accounts.ts';
import { common } from './fields.ts';
import { changeKind } from './kind.ts';

/** An account for a role. Its password is told to nobody, so that it works by tokens alone; a site admin can set another one. */
export const createAccount = changeKind({
  kind: 'create-account',
  sign: '+',
  noun: ['account', 'accounts'],
  verb: ['to make', 'made'],
  schema: () =>
    z.strictObject({
      kind: z.literal('create-account'),
      ...common(),
      login: z.string(),
    }),
  describe: ({ login }) => `the account ${login}`,
  async apply({ login }, { send }) {
    const made = await createUser(send, {
      login,
      // Never an address that somebody could be written at, or could ask for.
      email: `${login}@forgecrew.invalid`,
      password: randomBytes(30).toString('base64url'),
    });
    return made
      ? { status: 'done', said: `account ${login} made` }
      : { status: 'stale', said: `account ${login} is there already` };
  },
});
