import * as z from 'zod/mini';
import { ifThere } from '../api/errors.ts';
import type { ApiRequest, RepositoryName, Send } from '../api/send.ts';
import { call } from './call.ts';

const flag = z.boolean();

export const repository = z.object({
  id: z.int(),
  full_name: z.string().check(z.regex(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/, 'owner/name')),
  /** `User` or `Organization`. */
  owner: z.object({ id: z.int(), login: z.string(), type: z.nullish(z.string()) }),
  default_branch: z.string(),
  archived: flag,
  private: flag,
  html_url: z.nullish(z.string()),
  clone_url: z.nullish(z.string()),
  ssh_url: z.nullish(z.string()),
  has_issues: flag,
  permissions: z.nullish(z.object({ admin: flag, push: flag, pull: flag })),
});
export type GithubRepository = z.infer<typeof repository>;

/** `GET /repos/{owner}/{repo}`; a classic token needs `repo`, a fine-grained one `Metadata: read`. */
export function getRepository(send: Send, { owner, repo }: RepositoryName): Promise<GithubRepository> {
  return call(send, { method: 'GET', route: '/repos/{owner}/{repo}', params: { owner, repo } }, repository);
}

/**
 * The same, or undefined where GitHub says that there is no such thing. One that was renamed is found under its new name: GitHub
 * then names it by its number (301 to `/repositories/{id}`, recorded in github.com/octokit/fixtures, rename-repository). Only the
 * number is taken from that: which host the token goes to, no answer decides.
 */
export async function findRepository(
  send: Send,
  { owner, repo }: RepositoryName,
): Promise<GithubRepository | undefined> {
  let moved: string | undefined;
  const following: Send = async (request) => {
    const response = await send(request);
    const { location } = response.headers;
    moved =
      response.status >= 300 && response.status < 400 && location !== undefined
        ? /\/repositories\/([1-9]\d{0,15})$/.exec(location)?.[1]
        : undefined;
    return response;
  };
  const found = await ifThere(getRepository(following, { owner, repo }));
  if (found !== undefined || moved === undefined) return found;
  const byNumber: ApiRequest = { method: 'GET', route: '/repositories/{id}', params: { id: moved } };
  return ifThere(call(send, byNumber, repository));
}
