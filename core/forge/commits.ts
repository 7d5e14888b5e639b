import * as z from 'zod/mini';
import { ifThere } from '../api/errors.ts';
import { repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';
import { user } from './users.ts';

const commit = z.object({
  sha: z.string(),
  /** The account whose address the commit names: what git says, not who pushed it. */
  author: z.nullish(user),
  commit: z.object({ committer: z.object({ date: z.string() }) }),
});
export type Commit = z.infer<typeof commit>;

/**
 * The newest commits reachable from `from` that changed a path, 50 at most; none when nothing ever did.
 * `GET /repos/{owner}/{repo}/commits?sha=&path=`, scope read:repository. Merge commits are usually not among them.
 */
export async function commitsOfPath(send: Send, name: string, path: string, from: string): Promise<Commit[]> {
  const found = call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/commits',
      // The forge skips by 50 when there is a path, whatever the limit.
      params: {
        ...repositoryName(name),
        sha: from,
        path,
        stat: false,
        verification: false,
        files: false,
        limit: 50,
      },
    },
    z.array(commit),
  );
  return (await ifThere(found)) ?? [];
}

/**
 * The files that the newest commits below a folder changed, the newest first; of 50 commits at most. Same route, with
 * `files`.
 */
export async function filesChangedIn(
  send: Send,
  name: string,
  folder: string,
  from: string,
): Promise<string[]> {
  const found = await ifThere(
    call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/commits',
        params: {
          ...repositoryName(name),
          sha: from,
          path: folder,
          stat: false,
          verification: false,
          files: true,
          limit: 50,
        },
      },
      z.array(z.object({ files: z.nullish(z.array(z.object({ filename: z.string() }))) })),
    ),
  );
  const files = (found ?? []).flatMap((item) => (item.files ?? []).map(({ filename }) => filename));
  return [...new Set(files)];
}

/**
 * The commit that a repository's default branch stands on, without knowing the branch's name; undefined where it has no
 * commits. Same route.
 */
export async function defaultHead(send: Send, name: string): Promise<string | undefined> {
  const [newest] = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/commits',
      params: { ...repositoryName(name), stat: false, verification: false, files: false, limit: 1 },
    },
    z.array(commit),
  );
  return newest?.sha;
}
