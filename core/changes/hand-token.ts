import * as z from 'zod/mini';
import { isApiError } from '../api/errors.ts';
import type { Send } from '../api/send.ts';
import { UserError } from '../errors.ts';
import { listTokensOf, replaceToken } from '../forge/accounts.ts';
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
    const token = { login, name, scopes };
    const taken = { status: 'stale', said: `another run makes the token for ${secret} of ${place}` } as const;
    if (events === undefined) {
      const isOurs = await handed(send, token, (value) => setSecret(send, place, secret, value));
      return isOurs
        ? { status: 'done', said: `secret ${secret} of ${place} holds a new token of ${login}` }
        : taken;
    }
    // A plan that holds one was made with Woodpecker at hand.
    if (woodpecker === undefined) throw new Error('a secret of Woodpecker was planned without Woodpecker');
    const id = await lookupRepository(woodpecker, place);
    const isNew = !(await listPipelineSecrets(woodpecker, id)).some((item) => item.name === secret);
    const isOurs = await handed(send, token, (value, isFirst) =>
      setPipelineSecret(woodpecker, id, { name: secret, value, events, isNew: isNew && isFirst }),
    );
    return isOurs
      ? {
          status: 'done',
          said: `secret ${secret} of ${place} holds a new token of ${login}, for ${events.join(' and ')}`,
        }
      : taken;
  },
});

/** So often a token is made anew that another run made void meanwhile. */
const mostTurns = 8;
const longestWaitMs = 400;

/**
 * Makes a token and has it stored. Another run at the same moment takes it away for its own, and if that was stored before ours, the
 * secret would hold a dead token for ever: so whoever stores looks whether what was stored still lives. False where another run has
 * just made one and will store it: ours stored none.
 */
async function handed(
  send: Send,
  token: { login: string; name: string; scopes: readonly string[] },
  store: (value: string, isFirst: boolean) => Promise<unknown>,
): Promise<boolean> {
  let hasStored = false;
  for (let turn = 1; turn <= mostTurns; turn += 1) {
    // Two runs in step would take each other's away for ever.
    if (turn > 1) await new Promise((done) => setTimeout(done, Math.random() * longestWaitMs));
    const value = await madeUnlessTaken(send, token);
    if (value === undefined) {
      if (hasStored) continue;
      return false;
    }
    await store(value, !hasStored);
    hasStored = true;
    const end = value.slice(-8);
    if ((await listTokensOf(send, token.login)).some(({ token_last_eight }) => token_last_eight === end))
      return true;
  }
  throw new UserError(
    `another run makes tokens of ${token.login} at the same time.`,
    'Let one of them end, delete the secret, and run this once more.',
  );
}

/** Undefined where another run made one of that name between taking the old one away and making this one. */
async function madeUnlessTaken(
  send: Send,
  token: { login: string; name: string; scopes: readonly string[] },
): Promise<string | undefined> {
  try {
    return await replaceToken(send, token);
  } catch (error) {
    if (isApiError(error) && error.status === 400 && /has been used already/.test(error.message))
      return undefined;
    throw error;
  }
}
