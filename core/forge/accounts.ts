import * as z from 'zod/mini';
import { ifThere, isApiError } from '../api/errors.ts';
import { type ApiRequest, repositoryName, type Send } from '../api/send.ts';
import { anything, call, list } from './call.ts';
import { forgeError } from './errors.ts';

const account = z.object({
  id: z.int(),
  login: z.string(),
  /** Told to a site admin; to everybody else an account is called neither locked nor activated, whatever it is. */
  prohibit_login: z.nullish(z.boolean()),
  active: z.nullish(z.boolean()),
});

/** An account, or undefined where there is none of that name. `GET /users/{username}`, scope read:user. */
export function findUser(send: Send, login: string): Promise<z.infer<typeof account> | undefined> {
  return ifThere(
    call(send, { method: 'GET', route: '/users/{username}', params: { username: login } }, account),
  );
}

/** Whether our own account administers the whole forge; told to itself alone. `GET /user`, scope read:user. */
export async function isSiteAdmin(send: Send): Promise<boolean> {
  const { is_admin } = await call(
    send,
    { method: 'GET', route: '/user' },
    z.object({ is_admin: z.nullish(z.boolean()) }),
  );
  return is_admin === true;
}

/**
 * Makes an account that nobody can log in to, because its password is told to nobody; false where there is one of that name.
 * Only a site admin may. `POST /admin/users`, scope write:admin.
 */
export async function createUser(
  send: Send,
  given: { login: string; email: string; password: string },
): Promise<boolean> {
  const request: ApiRequest = {
    method: 'POST',
    route: '/admin/users',
    body: {
      username: given.login,
      email: given.email,
      password: given.password,
      must_change_password: false,
      send_notify: false,
    },
  };
  const response = await send(request);
  if (response.status < 300) return true;
  const error = forgeError(request, response);
  if (error.status === 422 && error.message.includes('already exists')) return false;
  throw error;
}

const token = z.object({
  id: z.int(),
  name: z.string(),
  token_last_eight: z.string(),
  scopes: z.array(z.string()),
  created_at: z.nullish(z.string()),
});
export type Token = z.infer<typeof token>;

/** What the tokens of our own account may do; never the tokens themselves. `GET /users/{username}/tokens`, scope read:user. */
export function listOwnTokens(send: Send, login: string): Promise<Token[]> {
  return list(
    send,
    { method: 'GET', route: '/users/{username}/tokens', params: { username: login } },
    token,
    ({ id }) => id,
  );
}

/** The same of somebody else's account; only a site admin may. `GET /admin/users/{username}/tokens`, scope read:admin. */
export function listTokensOf(send: Send, login: string): Promise<Token[]> {
  return list(
    send,
    { method: 'GET', route: '/admin/users/{username}/tokens', params: { username: login } },
    token,
    ({ id }) => id,
  );
}

/**
 * Makes a token of somebody's account in the place of the one of that name, and gives it back: whoever asks has to hand it on and
 * keep nothing. Only a site admin may. `GET`, `DELETE` and `POST /admin/users/{username}/tokens`, scope write:admin.
 */
export async function replaceToken(
  send: Send,
  given: { login: string; name: string; scopes: readonly string[] },
): Promise<string> {
  const { login: username, name, scopes } = given;
  const there = await listTokensOf(send, username);
  // Another run may have been faster.
  for (const { id } of there.filter((item) => item.name === name))
    await ifThere(
      call(
        send,
        { method: 'DELETE', route: '/admin/users/{username}/tokens/{id}', params: { username, id } },
        anything,
      ),
    );
  const { sha1 } = await call(
    send,
    {
      method: 'POST',
      route: '/admin/users/{username}/tokens',
      params: { username },
      body: { name, scopes },
    },
    z.object({ sha1: z.string().check(z.minLength(8)) }),
  );
  return sha1;
}

/** Lets somebody into a repository. Only its admins may. `PUT /repos/{owner}/{repo}/collaborators/{collaborator}`, scope write:repository. */
export async function setCollaborator(
  send: Send,
  name: string,
  given: { login: string; access: 'read' | 'write' },
): Promise<void> {
  await call(
    send,
    {
      method: 'PUT',
      route: '/repos/{owner}/{repo}/collaborators/{collaborator}',
      params: { ...repositoryName(name), collaborator: given.login },
      body: { permission: given.access },
    },
    anything,
  );
}

/** Whether a name is an organisation's. `GET /orgs/{org}`, scope read:organization. */
export async function isOrganisation(send: Send, name: string): Promise<boolean> {
  try {
    await call(send, { method: 'GET', route: '/orgs/{org}', params: { org: name } }, anything);
    return true;
  } catch (error) {
    if (isApiError(error, 'not-found')) return false;
    throw error;
  }
}
