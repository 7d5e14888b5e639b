import { type Commit, changedFiles, differences, emptyTree, log, resolveCommit } from '../git.ts';
import { type Call, failure, flag, notFound, ok, paged, type Route } from '../route.ts';
import { type CommitParts, commitShape, fullName } from '../shapes.ts';
import type { Repository } from '../state.ts';

/** A commit with what the query wants of it: everything, unless it says otherwise. */
export async function wantedCommit(
  call: Call,
  repository: Repository,
  commit: Commit,
  always: { stat?: true } = {},
): Promise<unknown> {
  const parent = commit.parents[0] ?? emptyTree;
  const parts: CommitParts = { verification: flag(call, 'verification', true) };
  if (flag(call, 'files', true)) parts.files = differences(repository.folder, parent, commit.sha);
  if (always.stat === true || flag(call, 'stat', true)) {
    const counted = await changedFiles(repository.folder, parent, commit.sha);
    parts.lines = {
      additions: counted.reduce((sum, { additions }) => sum + additions, 0),
      deletions: counted.reduce((sum, { deletions }) => sum + deletions, 0),
    };
  }
  return commitShape(call, repository, commit, parts);
}

export const commitRoutes: Route[] = [
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/commits',
    scope: 'repository',
    handle: async (call, repository) => {
      const file = call.query.get('path');
      if (repository.empty)
        return {
          status: 409,
          body: { message: 'Git Repository is empty.', url: `${call.url}/api/swagger` },
        };
      const commit = await resolveCommit(
        repository.folder,
        call.query.get('sha') || repository.defaultBranch,
      );
      if (commit === undefined) return failure(call, 404, "The target couldn't be found.");
      const commits = log(repository.folder, commit, file === null || file === '' ? {} : { path: file });
      if (commits.length === 0) return notFound(call);
      const page = paged(
        call,
        commits,
        (item) => item,
        `/repos/${fullName(call, repository)}/commits`,
        // With a path a page skips fifty for each before it, whatever the limit.
        { link: true, ...(file === null || file === '' ? {} : { stride: 50 }) },
      );
      const shown = page.body as Commit[];
      return { ...page, body: await Promise.all(shown.map((item) => wantedCommit(call, repository, item))) };
    },
  },
  {
    // The files are those of every commit between the two, each held against its first parent; so a merge that threw
    // away what the other side had shows nothing of it, and a file that two commits touched is there twice.
    method: 'GET',
    route: '/repos/{owner}/{repo}/compare/{basehead}',
    scope: 'repository',
    handle: async (call, repository) => {
      const [from = '', to = ''] = (call.params.basehead ?? '').split('...');
      const base = await resolveCommit(repository.folder, from);
      const head = await resolveCommit(repository.folder, to);
      if (base === undefined || head === undefined)
        return failure(call, 404, "The target couldn't be found.", [
          `could not find '${base === undefined ? from : to}' to be a commit, branch or tag in the ${base === undefined ? 'base' : 'head'} repository ${fullName(call, repository)}`,
        ]);
      const commits = (await Promise.all(
        log(repository.folder, head, { without: base }).map((commit) =>
          wantedCommit(call, repository, commit, { stat: true }),
        ),
      )) as { files: unknown[] | null }[];
      return ok({
        total_commits: commits.length,
        commits,
        files: commits.flatMap(({ files }) => files ?? []),
      });
    },
  },
];
