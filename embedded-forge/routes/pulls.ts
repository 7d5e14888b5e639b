import {
  branchCommit,
  changedFiles,
  fetchBranch,
  GitError,
  log,
  type MergeStyle,
  mergeBase,
  mergeCommits,
  mergedTree,
  moveRef,
  removeBranch,
  setRef,
} from '../git.ts';
import { type Answer, type Call, failure, notFound, ok, paged, type Route, text } from '../route.ts';
import { fullName, issueLabels, repositoryShape, userShape } from '../shapes.ts';
import {
  accessOf,
  accountById,
  accountByLogin,
  type Issue,
  mayAdmin,
  mayWrite,
  nextId,
  type Pull,
  type Repository,
  timestamp,
} from '../state.ts';
import { wantedCommit } from './commits.ts';
import { addIssue, cutTitle, setState } from './issues.ts';
import { knownLabelIds } from './labels.ts';
import { mayMerge, protectionOf } from './protections.ts';
import { archived } from './repositories.ts';
import { headOf, missingApproval, onPull, scheduled } from './reviews.ts';

const styles: Record<string, MergeStyle> = {
  merge: 'merge',
  squash: 'squash',
  rebase: 'rebase',
  'rebase-merge': 'rebase-merge',
  'fast-forward-only': 'fast-forward-only',
};

async function pullShape(call: Call, repository: Repository, issue: Issue, pull: Pull): Promise<unknown> {
  const name = fullName(call, repository);
  const page = `${call.url}/${name}/pulls/${issue.number}`;
  const head = await headOf(repository, pull);
  const gone = (await branchCommit(pull.from.folder, pull.head)) === undefined;
  // A fork may be deleted, which leaves the pull request without a repository at its head.
  const from = call.state.repositories.includes(pull.from) ? pull.from : undefined;
  const files = await changedFiles(repository.folder, pull.mergeBase, head);
  const side = (label: string, ref: string, sha: string, where: Repository | undefined): unknown => ({
    label,
    ref,
    sha,
    repo_id: where?.id ?? -1,
    repo: where === undefined ? null : repositoryShape(call, where),
  });
  return {
    id: issue.id,
    url: `${call.url}/api/v1/repos/${name}/pulls/${issue.number}`,
    number: issue.number,
    user: userShape(call, accountById(call.state, issue.author)),
    title: issue.title,
    body: issue.body,
    labels: issueLabels(call, repository, issue),
    milestone: null,
    assignee: null,
    assignees: null,
    // Seen on a real forge: whoever gave a verdict that counts is named here.
    requested_reviewers: [
      ...new Set(
        pull.reviews.filter(({ official, dismissed }) => official && !dismissed).map(({ author }) => author),
      ),
    ].map((id) => userShape(call, accountById(call.state, id))),
    requested_reviewers_teams: [],
    state: issue.state,
    draft: /^(WIP:|\[WIP\])/i.test(issue.title),
    is_locked: false,
    comments: issue.timeline.filter(({ type }) => type === 'comment').length,
    review_comments: pull.reviews.filter(({ state }) => state !== 'PENDING').length,
    additions: files.reduce((sum, file) => sum + file.additions, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    changed_files: files.length,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    mergeable: pull.merged !== null || (await fitsTogether(repository, pull, head)),
    merged: pull.merged !== null,
    merged_at: pull.merged?.at ?? null,
    merge_commit_sha: pull.merged?.commit ?? null,
    merged_by: pull.merged === null ? null : userShape(call, accountById(call.state, pull.merged.by)),
    allow_maintainer_edit: false,
    base: side(pull.base, pull.base, (await branchCommit(repository.folder, pull.base)) ?? '', repository),
    // Where its branch is by now, also when it was merged long ago.
    head: side(
      pull.head,
      gone ? `refs/pull/${issue.number}/head` : pull.head,
      pull.merged === null ? head : ((await branchCommit(pull.from.folder, pull.head)) ?? head),
      from,
    ),
    merge_base: pull.mergeBase,
    due_date: null,
    created_at: issue.created,
    updated_at: issue.updated,
    closed_at: issue.closed,
    pin_order: 0,
    flow: 0,
  };
}

/** Whether the head can be merged into the base without a conflict. */
async function fitsTogether(repository: Repository, pull: Pull, head: string): Promise<boolean> {
  const base = await branchCommit(repository.folder, pull.base);
  return base !== undefined && (await mergedTree(repository.folder, base, head)) !== undefined;
}

/** `branch` of the repository itself, or `login:branch` of that account's fork of it. */
function headNamed(
  call: Call,
  repository: Repository,
  head: string,
): { from: Repository | undefined; head: string } {
  const colon = head.indexOf(':');
  if (colon < 0) return { from: repository, head };
  const owner = accountByLogin(call.state, head.slice(0, colon));
  const isOwn = owner?.id === repository.owner;
  const from = isOwn
    ? repository
    : call.state.repositories.find(
        (item) => item.forkOf === repository.id && owner !== undefined && item.owner === owner.id,
      );
  return { from, head: head.slice(colon + 1) };
}

async function create(call: Call, repository: Repository): Promise<Answer> {
  if (repository.archived) return archived(call, repository);
  if (call.account === null) return failure(call, 401, 'token is required');
  const base = text(call.body.base);
  const { from, head } = headNamed(call, repository, text(call.body.head));
  if (from === undefined) return notFound(call);
  const [baseSha, headSha] = [
    await branchCommit(repository.folder, base),
    await branchCommit(from.folder, head),
  ];
  if (base === head && from === repository)
    return failure(call, 422, 'Invalid PullRequest: There are no changes between the head and the base');
  if (baseSha === undefined || headSha === undefined)
    return failure(call, 404, "The target couldn't be found.", [
      `could not find '${headSha === undefined ? head : base}' to be a commit, branch or tag in the ${headSha === undefined ? 'head' : 'base'} repository ${fullName(call, repository)}`,
    ]);
  if (from !== repository) await fetchBranch(repository.folder, from.folder, head);
  const commonCommit = (await mergeBase(repository.folder, baseSha, headSha)) ?? '';
  // Nothing may be awaited from here until the pull request is in the list, or two would be made.
  const open = repository.issues.find(
    ({ state, pull }) => state === 'open' && pull?.base === base && pull.from === from && pull.head === head,
  );
  if (open !== undefined)
    return failure(
      call,
      409,
      `pull request already exists for these targets [id: ${open.id}, issue_id: ${open.id}, head_repo_id: ${from.id}, base_repo_id: ${repository.id}, head_branch: ${head}, base_branch: ${base}]`,
    );
  const labels =
    mayWrite(accessOf(call.state, repository, call.account)) && Array.isArray(call.body.labels)
      ? knownLabelIds(call, repository, call.body.labels)
      : [];
  const pull: Pull = {
    base,
    head,
    from,
    headSha,
    mergeBase: commonCommit,
    merged: null,
    reviews: [],
    reviewedHead: headSha,
  };
  const issue = addIssue(call, repository, {
    title: cutTitle(text(call.body.title)),
    body: text(call.body.body),
    labels,
    pull,
  });
  setRef(repository.folder, `refs/pull/${issue.number}/head`, headSha);
  return { status: 201, body: await pullShape(call, repository, issue, pull) };
}

const merge = onPull(async (call, repository, issue, pull) => {
  if (repository.archived) return archived(call, repository);
  if (!mayWrite(accessOf(call.state, repository, call.account)))
    return failure(call, 405, 'User not allowed to merge PR');
  if (!mayMerge(repository, pull.base, call.account, true))
    return failure(call, 405, 'User not allowed to merge PR');
  if (pull.merged !== null) return failure(call, 405, 'The PR is already merged');
  if (issue.state === 'closed') return notFound(call);
  if (/^(WIP:|\[WIP\])/i.test(issue.title))
    return failure(call, 405, 'Work in progress PRs cannot be merged');
  const reason = await missingApproval(repository, pull);
  const rule = protectionOf(repository, pull.base);
  const forced =
    call.body.force_merge === true &&
    (call.account?.isAdmin === true ||
      (rule?.applyToAdmins !== true && mayAdmin(accessOf(call.state, repository, call.account))));
  if (reason !== undefined && !forced) {
    if (call.body.merge_when_checks_succeed !== true)
      return failure(call, 405, `not allowed to merge [reason: ${reason}]`);
    if (scheduled.has(pull))
      return failure(
        call,
        409,
        `pull request is already scheduled to auto merge when checks succeed [pull_id: ${issue.id}]`,
      );
    const later = { ...call, body: { ...call.body, merge_when_checks_succeed: false } };
    scheduled.set(pull, async () => {
      if ((await missingApproval(repository, pull)) === undefined)
        await mergeNow(later, repository, issue, pull);
    });
    return { status: 201 };
  }
  return mergeNow(call, repository, issue, pull);
});

async function mergeNow(call: Call, repository: Repository, issue: Issue, pull: Pull): Promise<Answer> {
  const style = styles[text(call.body.Do)];
  if (style === undefined) return failure(call, 422, '[Do]: In');
  const [base, head] = [await branchCommit(repository.folder, pull.base), await headOf(repository, pull)];
  const expected = text(call.body.head_commit_id);
  if (base === undefined) return notFound(call);
  if (expected !== '' && expected !== head) return failure(call, 409, 'head out of date');
  const { account } = call;
  if (account === null) return failure(call, 401, 'token is required');
  const title =
    text(call.body.MergeTitleField) ||
    (style === 'squash'
      ? `${issue.title} (#${issue.number})`
      : `Merge pull request '${issue.title}' (#${issue.number}) from ${pull.from === repository ? '' : `${fullName(call, pull.from)}:`}${pull.head} into ${pull.base}`);
  const author = accountById(call.state, issue.author);
  const poster = author === undefined ? undefined : { name: author.login, email: author.email };
  let commit: string;
  try {
    commit = await mergeCommits(
      repository.folder,
      style,
      base,
      head,
      `${title}\n\n${text(call.body.MergeMessageField)}`,
      { name: account.login, email: account.email },
      call.state.now(),
      style === 'squash' ? poster : undefined,
    );
  } catch (error) {
    // The forge finds the conflict in the background and never gets further than this.
    if (error instanceof GitError) return failure(call, 405, 'Please try again later');
    throw error;
  }
  if (!(await moveRef(repository.folder, `refs/heads/${pull.base}`, commit, base)))
    return failure(call, 409, 'push rejected');
  const at = timestamp(call.state);
  pull.headSha = head;
  pull.merged = { at, by: account.id, commit };
  issue.state = 'closed';
  issue.closed = at;
  issue.updated = at;
  issue.timeline.push({
    id: nextId(call.state, 'comment'),
    type: 'merge_pull',
    author: account.id,
    body: '',
    label: null,
    created: at,
    updated: at,
  });
  if (call.body.delete_branch_after_merge === true) removeBranch(pull.from.folder, pull.head);
  return { status: 200 };
}

const statusNames: Record<string, string> = { A: 'added', M: 'changed', D: 'deleted' };

export const pullRoutes: Route[] = [
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/pulls',
    scope: 'repository',
    handle: async (call, repository) => {
      const state = call.query.get('state') ?? 'open';
      const poster = call.query.get('poster');
      const found = repository.issues
        .filter((issue) => issue.pull !== null && (state === 'all' || issue.state === state))
        .filter(({ author }) => poster === null || author === accountByLogin(call.state, poster)?.id)
        .sort((a, b) =>
          call.query.get('sort') === 'recentupdate'
            ? Date.parse(b.updated) - Date.parse(a.updated) || b.number - a.number
            : b.number - a.number,
        );
      const shapes = await Promise.all(
        found.map((issue) => (issue.pull === null ? null : pullShape(call, repository, issue, issue.pull))),
      );
      return paged(call, shapes, (item) => item, `/repos/${fullName(call, repository)}/pulls`, {
        link: true,
      });
    },
  },
  { method: 'POST', route: '/repos/{owner}/{repo}/pulls', scope: 'repository', handle: create },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/pulls/{index}',
    scope: 'repository',
    handle: onPull(async (call, repository, issue, pull) =>
      ok(await pullShape(call, repository, issue, pull)),
    ),
  },
  {
    method: 'PATCH',
    route: '/repos/{owner}/{repo}/pulls/{index}',
    scope: 'repository',
    handle: onPull(async (call, repository, issue, pull) => {
      if (issue.author !== call.account?.id && !mayWrite(accessOf(call.state, repository, call.account)))
        return { status: 403 };
      const { title, body, state } = call.body;
      if (typeof title === 'string') issue.title = cutTitle(text(title));
      if (typeof body === 'string') issue.body = text(body);
      if (state === 'open' || state === 'closed') {
        if (pull.merged !== null)
          return failure(call, 412, 'cannot change state of this pull request, it was already merged');
        setState(call, issue, state);
      }
      return { status: 201, body: await pullShape(call, repository, issue, pull) };
    }),
  },
  { method: 'POST', route: '/repos/{owner}/{repo}/pulls/{index}/merge', scope: 'repository', handle: merge },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/pulls/{index}/merge',
    scope: 'repository',
    handle: onPull((call, _, __, pull) => (pull.merged === null ? notFound(call) : { status: 204 })),
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/pulls/{index}/files',
    scope: 'repository',
    handle: onPull(async (call, repository, issue, pull) => {
      const head = await headOf(repository, pull);
      const files = await changedFiles(repository.folder, pull.mergeBase, head);
      const page = `${call.url}/${fullName(call, repository)}`;
      return paged(
        call,
        files,
        ({ path, status, additions, deletions }) => ({
          filename: path,
          status: statusNames[status] ?? 'changed',
          additions,
          deletions,
          changes: additions + deletions,
          html_url: `${page}/src/commit/${head}/${path}`,
          contents_url: `${call.url}/api/v1/repos/${fullName(call, repository)}/contents/${path}?ref=${head}`,
          raw_url: `${page}/raw/commit/${head}/${path}`,
        }),
        `/repos/${fullName(call, repository)}/pulls/${issue.number}/files`,
        { link: true },
      );
    }),
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/pulls/{index}/commits',
    scope: 'repository',
    handle: onPull(async (call, repository, issue, pull) => {
      const found = log(repository.folder, await headOf(repository, pull), { without: pull.mergeBase });
      const commits = await Promise.all(found.map((commit) => wantedCommit(call, repository, commit)));
      return paged(
        call,
        commits,
        (commit) => commit,
        `/repos/${fullName(call, repository)}/pulls/${issue.number}/commits`,
        { link: true },
      );
    }),
  },
  {
    // The newest pull request with this base and head, open or not; a base's slashes are escaped.
    method: 'GET',
    route: '/repos/{owner}/{repo}/pulls/{base}/{path}',
    scope: 'repository',
    handle: async (call, repository) => {
      const found = repository.issues.findLast(
        ({ pull }) =>
          pull?.base === call.params.base && pull?.from === repository && pull.head === call.params.path,
      );
      return found?.pull == null ? notFound(call) : ok(await pullShape(call, repository, found, found.pull));
    },
  },
  {
    // Only the commit that a merge put on the base branch is known.
    method: 'GET',
    route: '/repos/{owner}/{repo}/commits/{sha}/pull',
    scope: 'repository',
    handle: async (call, repository) => {
      const found = repository.issues.find(({ pull }) => pull?.merged?.commit === call.params.sha);
      if (found?.pull != null) return ok(await pullShape(call, repository, found, found.pull));
      return {
        status: 404,
        body: {
          message: `pull request does not exist [id: 0, issue_id: 0, head_repo_id: 0, base_repo_id: ${repository.id}, head_branch: , base_branch: ]`,
          url: `${call.url}/api/swagger`,
        },
      };
    },
  },
];
