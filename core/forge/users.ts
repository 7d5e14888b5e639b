import * as z from 'zod/mini';
import { isApiError } from '../api/errors.ts';
import type { Send } from '../api/send.ts';
import { UserError } from '../errors.ts';
import { call } from './call.ts';

export const user = z.object({ id: z.int(), login: z.string() });
export type User = z.infer<typeof user>;

/** The account the token belongs to; where there is no such thing there is no forge. `GET /user`, scope read:user. */
export async function getOwnUser(send: Send): Promise<User> {
  try {
    return await call(send, { method: 'GET', route: '/user' }, user);
  } catch (error) {
    if (!isApiError(error, 'not-found', 'no-such-call')) throw error;
    throw new UserError(
      'forge-url does not answer as a forge does: it knows nothing of GET /user.',
      'Give the address of its start page, without /api/v1 and without the name of a repository.',
    );
  }
}

/** Our own account, which has to be the one that `forge-login` names, where it names one; anybody else's is refused. */
export async function getExpectedUser(send: Send, login: string | undefined): Promise<User> {
  const account = await getOwnUser(send);
  if (login !== undefined && account.login.toLowerCase() !== login.toLowerCase()) {
    throw new UserError(
      `forge-token belongs to ${account.login}, but forge-login says ${login}.`,
      `Give forge-token a token of ${login}; the role never works as somebody else.`,
    );
  }
  return account;
}
