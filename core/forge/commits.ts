import * as z from 'zod/mini';
import { ApiError, ifThere } from '../api/errors.ts';
import { describeRequest, repositoryName, type Send } from '../api/send.ts';
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

const lineCommit = z.object({
  sha: z.string(),
  parents: z.nullish(z.array(z.object({ sha: z.string() }))),
  /** Against its first parent, renames told as what they are made of. */
  files: z.nullish(z.array(z.object({ filename: z.string(), status: z.nullish(z.string()) }))),
  commit: z.object({ committer: z.object({ date: z.string() }) }),
});

/** A commit with what it changed. */
export interface ChangingCommit {
  sha: string;
  /** The first one is the branch that it was made on. */
  parents: string[];
  /** What it changed against its first parent: `added`, `modified` or `removed`. */
  files: { path: string; status: string }[];
  /** ISO 8601: what the committer's clock said, or whoever made the commit. */
  date: string;
}

function changing({
  sha,
  parents,
  files,
  commit: { committer },
}: z.infer<typeof lineCommit>): ChangingCommit {
  return {
    sha,
    parents: (parents ?? []).map((parent) => parent.sha),
    files: (files ?? []).map(({ filename, status }) => ({ path: filename, status: status ?? '' })),
    date: committer.date,
  };
}

/** How many commits a page has. */
const commitsPage = 50;

/**
 * A page of the commits reachable from one, a child before its parents, each with the files it changed; empty behind the last.
 * `path`: only those that changed something there, which leaves out merges and whole lines of history that the forge thinks
 * do not matter.
 * `GET /repos/{owner}/{repo}/commits?sha=&page=&files=true`, scope read:repository.
 */
export async function commitsFrom(
  send: Send,
  name: string,
  from: string,
  { page, path }: { page: number; path?: string },
): Promise<ChangingCommit[]> {
  const found = await ifThere(
    call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/commits',
        params: {
          ...repositoryName(name),
          sha: from,
          ...(path === undefined ? {} : { path }),
          stat: false,
          verification: false,
          files: true,
          page,
          limit: commitsPage,
        },
      },
      z.array(lineCommit),
    ),
  );
  return (found ?? []).map(changing);
}

/**
 * The commits that are in `head` and not in `base`, newest first, complete. Named by commits, which cannot move while they
 * are looked at, as a branch can. `GET /repos/{owner}/{repo}/compare/{base}...{head}`, scope read:repository.
 */
export async function commitsBetween(
  send: Send,
  name: string,
  base: string,
  head: string,
): Promise<ChangingCommit[]> {
  const request = {
    method: 'GET' as const,
    route: '/repos/{owner}/{repo}/compare/{basehead}',
    params: { ...repositoryName(name), basehead: `${base}...${head}` },
  };
  const { total_commits: total, commits } = await call(
    send,
    request,
    z.object({ total_commits: z.int(), commits: z.nullish(z.array(lineCommit)) }),
  );
  if ((commits ?? []).length !== total)
    throw new ApiError(
      'incomplete',
      200,
      `${describeRequest(request)} gave ${(commits ?? []).length} commits of ${total}.`,
      'Nothing is decided on half a list. Run the role again.',
    );
  return (commits ?? []).map(changing);
}

/** One commit with what it changed. `GET /repos/{owner}/{repo}/git/commits/{sha}?files=true`, scope read:repository. */
export async function getCommit(send: Send, name: string, sha: string): Promise<ChangingCommit> {
  return changing(
    await call(
      send,
      {
        method: 'GET',
        route: '/repos/{owner}/{repo}/git/commits/{sha}',
        params: { ...repositoryName(name), sha, stat: false, verification: false, files: true },
      },
      lineCommit,
    ),
  );
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
