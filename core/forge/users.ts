import * as z from 'zod/mini';
import { call } from './call.ts';
import type { Send } from './send.ts';

export const user = z.object({ id: z.int(), login: z.string() });
export type User = z.infer<typeof user>;

/** The account the token belongs to. `GET /user`, scope read:user. */
export function getOwnUser(send: Send): Promise<User> {
  return call(send, { method: 'GET', route: '/user' }, user);
}
