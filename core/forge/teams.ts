import * as z from 'zod/mini';
import { repositoryName, type Send } from '../api/send.ts';
import { anything, call, list } from './call.ts';
import { user } from './users.ts';

/** What a team of an organisation is: who, and where. */
export interface Team {
  id: number;
  members: string[];
  /** As owner/name. */
  repositories: string[];
}

/** A team by its name, or undefined. `GET /orgs/{org}/teams`, `/teams/{id}/members` and `/teams/{id}/repos`, scope read:organization. */
export async function findTeam(send: Send, org: string, name: string): Promise<Team | undefined> {
  const teams = await list(
    send,
    { method: 'GET', route: '/orgs/{org}/teams', params: { org } },
    z.object({ id: z.int(), name: z.string() }),
    ({ id }) => id,
  );
  const id = teams.find((team) => team.name.toLowerCase() === name.toLowerCase())?.id;
  if (id === undefined) return undefined;
  const members = await list(
    send,
    { method: 'GET', route: '/teams/{id}/members', params: { id } },
    user,
    (item) => item.id,
  );
  const repositories = await list(
    send,
    { method: 'GET', route: '/teams/{id}/repos', params: { id } },
    z.object({ id: z.int(), full_name: z.string() }),
    (item) => item.id,
  );
  return {
    id,
    members: members.map(({ login }) => login),
    repositories: repositories.map(({ full_name }) => full_name),
  };
}

/**
 * Makes a team whose members may write issues and only read code; gives its id. Only owners of the organisation may.
 * `POST /orgs/{org}/teams`, scope write:organization.
 */
export async function createIssuesTeam(send: Send, org: string, name: string): Promise<number> {
  const { id } = await call(
    send,
    {
      method: 'POST',
      route: '/orgs/{org}/teams',
      params: { org },
      body: {
        name,
        permission: 'read',
        includes_all_repositories: false,
        units_map: { 'repo.code': 'read', 'repo.issues': 'write', 'repo.pulls': 'read' },
      },
    },
    z.object({ id: z.int() }),
  );
  return id;
}

/** `PUT /teams/{id}/members/{username}`, scope write:organization; one who is in stays in. */
export async function addTeamMember(send: Send, id: number, login: string): Promise<void> {
  await call(
    send,
    { method: 'PUT', route: '/teams/{id}/members/{username}', params: { id, username: login } },
    anything,
  );
}

/** `PUT /teams/{id}/repos/{org}/{repo}`, scope write:organization; one that is in stays in. */
export async function addTeamRepository(send: Send, id: number, name: string): Promise<void> {
  const { owner, repo } = repositoryName(name);
  await call(
    send,
    { method: 'PUT', route: '/teams/{id}/repos/{org}/{repo}', params: { id, org: owner, repo } },
    anything,
  );
}
