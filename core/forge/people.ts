import * as z from 'zod/mini';
import { ApiError, isApiError } from '../api/errors.ts';
import { type ApiRequest, repositoryName, type Send } from '../api/send.ts';
import { call, list } from './call.ts';
import { forgeError } from './errors.ts';
import { type User, user } from './users.ts';

/**
 * Everybody who may write to a repository, as of now; any reader may ask.
 * `GET /repos/{owner}/{repo}/assignees`, scope read:repository.
 */
export function listWriters(send: Send, name: string): Promise<User[]> {
  return call(
    send,
    { method: 'GET', route: '/repos/{owner}/{repo}/assignees', params: { ...repositoryName(name) } },
    z.array(user),
  );
}

/**
 * What somebody may do in a repository now: owner, admin, write, read or none; undefined when our account may not ask,
 * which only its admins may. `GET /repos/{owner}/{repo}/collaborators/{collaborator}/permission`, scope read:repository.
 */
export async function permissionOf(send: Send, name: string, login: string): Promise<string | undefined> {
  try {
    const { permission } = await call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/collaborators/{collaborator}/permission',
        params: { ...repositoryName(name), collaborator: login },
      },
      z.object({ permission: z.string() }),
    );
    return permission;
  } catch (error) {
    if (isApiError(error, 'permission')) return undefined;
    throw error;
  }
}

/**
 * The members of an organisation's team, complete; undefined where our account may not see them.
 * `GET /orgs/{org}/teams` and `GET /teams/{id}/members`, scope read:organization.
 */
export async function teamMembers(
  send: Send,
  organisation: string,
  team: string,
): Promise<User[] | undefined> {
  try {
    const teams = await list(
      send,
      { method: 'GET', route: '/orgs/{org}/teams', params: { org: organisation } },
      z.object({ id: z.int(), name: z.string() }),
      ({ id }) => id,
    );
    const found = teams.find(({ name }) => name.toLowerCase() === team.toLowerCase());
    if (found === undefined) return undefined;
    return await list(
      send,
      { method: 'GET', route: '/teams/{id}/members', params: { id: found.id } },
      user,
      ({ id }) => id,
    );
  } catch (error) {
    if (isApiError(error, 'permission', 'scope', 'not-found')) return undefined;
    throw error;
  }
}

/** How the forge's message names somebody, or an organisation, that it does not know. */
const namesUnknown = /GetUserByName|GetOrgByName|\b(?:user|organi[sz]ation|org)\b.{0,200}\bnot exist/is;

/**
 * Whether an account is a member of an organisation. Only those inside it are told of all members: an outsider would hear the
 * same of a member who is not public as of nobody, so where the forge shows that we are outside, that is an error and not a no.
 * So is a name that it does not know. `GET /orgs/{org}/members/{username}`, scope read:organization.
 */
export async function isOrgMember(send: Send, org: string, login: string): Promise<boolean> {
  const request: ApiRequest = {
    method: 'GET',
    route: '/orgs/{org}/members/{username}',
    params: { org, username: login },
  };
  const response = await send(request);
  if (response.status === 204) return true;
  if (response.status >= 300 && response.status < 400)
    throw new ApiError(
      'permission',
      response.status,
      `Whether ${login} is a member of ${org} cannot be known: the token's account is no member itself, and the forge shows it public members only.`,
      `Make the token's account a member of ${org} (a team that may do nothing is enough).`,
    );
  const error = forgeError(request, response);
  if (error.kind !== 'not-found') throw error;
  const { body } = response;
  const said = JSON.stringify(body ?? '').slice(0, 4000);
  if (namesUnknown.test(said))
    throw new ApiError(
      'not-found',
      response.status,
      `${error.message} The forge does not know ${/org/i.test(said) ? `an organisation ${org}` : `an account ${login}`}.`,
      'Check how its name is written.',
    );
  return false;
}
