import * as z from 'zod/mini';
import { isApiError } from '../api/errors.ts';
import { repositoryName, type Send } from '../api/send.ts';
import { call, list } from './call.ts';
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
