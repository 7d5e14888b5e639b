import * as z from 'zod/mini';
import { replaceToken } from '../forge/accounts.ts';
import { setSecret } from '../forge/secrets.ts';
import { lookupRepository } from '../woodpecker/pipelines.ts';
import { listPipelineSecrets, setPipelineSecret } from '../woodpecker/repositories.ts';
import { common, repository } from './fields.ts';
import { changeKind } from './kind.ts';

/**
 * A new token of an account, put straight into a secret of CI: it is shown nowhere and kept nowhere else. Made and handed over in
 * one change, so that a run which ends in between leaves a token that nobody knows, and the next one takes its place.
 */
export const handToken = changeKind({
  kind: 'hand-token',
  sign: '+',
  noun: ['token', 'tokens'],
  verb: ['to make', 'made'],
  schema: () =>
    z.strictObject({
      kind: z.literal('hand-token'),
      ...common(),
      login: z.string(),
      /** Of the token, on the page of the account. */
      name: z.string(),
      scopes: z.array(z.string()),
      repository: repository(),
      /** The secret that holds it; on Woodpecker for these events. */
      secret: z.string(),
      events: z.optional(z.array(z.string())),
    }),
  describe: ({ login, scopes, secret, repository: name }) =>
    `a token of ${login} (${scopes.join(', ')}), into the secret ${secret} of ${name}`,
  async apply({ login, name, scopes, repository: place, secret, events }, { send, woodpecker }) {
    if (events === undefined) {
      await setSecret(send, place, secret, await replaceToken(send, { login, name, scopes }));
      return { status: 'done', said: `secret ${secret} of ${place} holds a new token of ${login}` };
    }
    // A plan that holds one was made with Woodpecker at hand.
    if (woodpecker === undefined) throw new Error('a secret of Woodpecker was planned without Woodpecker');
    const id = await lookupRepository(woodpecker, place);
    const isNew = !(await listPipelineSecrets(woodpecker, id)).some((item) => item.name === secret);
    const value = await replaceToken(send, { login, name, scopes });
    await setPipelineSecret(woodpecker, id, { name: secret, value, events, isNew });
    return {
      status: 'done',
      said: `secret ${secret} of ${place} holds a new token of ${login}, for ${events.join(' and ')}`,
    };
  },
});
