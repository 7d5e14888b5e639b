import { setState } from '../closing.ts';
import {
  branchCommit,
  changedNames,
  fetchBranch,
  GitError,
  listedFiles,
  log,
  type MergeStyle,
  mergeBase,
  mergeCommits,
  mergedTree,
  moveRef,
  removeBranch,
  resolveCommit,
  setRef,
} from '../git.ts';
import { branchHead, commonCommit, pushed, settleHead } from '../heads.ts';
import { type Answer, type Call, failure, notFound, ok, paged, type Route, text } from '../route.ts';
import { assigneesShape, fullName, issueLabels, repositoryShape, userShape } from '../shapes.ts';
import {
  accessOf,
  accountById,
  accountByLogin,
  addEvent,
  type Issue,
  isBlocked,
  mayAdmin,
  mayTend,
  mayWrite,
  type Pull,
  type Repository,
  timestamp,
} from '../state.ts';
import { wantedCommit } from './commits.ts';
import { addIssue, blockedHere, cutTitle } from './issues.ts';
import { knownLabelIds } from './labels.ts';
import { mayMerge, protectedFile, protectionOf } from './protections.ts';
import { archived } from './repositories.ts';
import { missingApproval, onPull, scheduled, verdicts } from './reviews.ts';

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
  // Where its branch is by now, also when it was merged long ago, and before it can be read here.
  const branch = await branchHead(call.state, pull);
  const head = branch ?? pull.headSha;
  // A fork may be deleted, which leaves the pull request without a repository at its head.
  const from = call.state.repositories.includes(pull.from) ? pull.from : undefined;
  const common = await commonCommit(repository, issue, pull);
  const files =
    from === undefined || (await resolveCommit(repository.folder, head)) === undefined
      ? []
      : await listedFiles(repository.folder, common, head);
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
    ...assigneesShape(call, issue),
    // Seen on a real forge: whoever gave a verdict that was not dismissed is named here as well as who was asked for one.
    requested_reviewers: [
      ...new Set(
        pull.reviews
          .filter(({ state, dismissed }) => !dismissed && (verdicts.has(state) || state === 'REQUEST_REVIEW'))
          .map(({ author }) => author),
      ),
    ].map((id) => userShape(call, accountById(call.state, id))),
    requested_reviewers_teams: [],
    state: issue.state,
    draft: isDraft(issue),
    is_locked: false,
    comments: issue.timeline.filter(({ type }) => type === 'comment').length,
    review_comments: pull.reviews.filter(({ state }) => !['PENDING', 'REQUEST_REVIEW'].includes(state))
      .length,
    additions: files.reduce((sum, file) => sum + file.additions, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    changed_files: new Set(files.map(({ path }) => path)).size,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    mergeable:
      !isDraft(issue) && (pull.merged !== null || (!pull.checking && (await fitsTogether(repository, pull)))),
    merged: pull.merged !== null,
    merged_at: pull.merged?.at ?? null,
    merge_commit_sha: pull.merged?.commit ?? null,
    merged_by: pull.merged === null ? null : userShape(call, accountById(call.state, pull.merged.by)),
    allow_maintainer_edit: false,
    base: side(pull.base, pull.base, (await branchCommit(repository.folder, pull.base)) ?? '', repository),
    head: side(pull.head, branch === undefined ? `refs/pull/${issue.number}/head` : pull.head, head, from),
    merge_base: common,
    due_date: null,
    created_at: issue.created,
    updated_at: issue.updated,
    closed_at: issue.closed,
    pin_order: 0,
    flow: 0,
  };
}

/** Work in progress, as the forge tells it: by its title alone. */
function isDraft({ title }: { title: string }): boolean {
  return /^(WIP:|\[WIP\])/i.test(title);
}

/** Whether the head can be merged into the base without a conflict. */
async function fitsTogether(repository: Repository, pull: Pull): Promise<boolean> {
  const base = await branchCommit(repository.folder, pull.base);
  return base !== undefined && (await mergedTree(repository.folder, base, pull.headSha)) !== undefined;
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
  const { account } = call;
  if (repository.archived) return archived(call, repository);
  if (account === null) return failure(call, 401, 'token is required');
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
  if (isBlocked(call.state, [repository.owner], account)) return blockedHere(call);
  if (from !== repository) await fetchBranch(repository.folder, from.folder, head);
  const common = (await mergeBase(repository.folder, baseSha, headSha)) ?? '';
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
    mayTend(call.state, repository, call.account, 'pulls') && Array.isArray(call.body.labels)
      ? knownLabelIds(call, repository, call.body.labels)
      : [];
  const pull: Pull = {
    base,
    head,
    from,
    headSha,
    seen: headSha,
    late: null,
    checking: call.state.forkLag > 0,
    mergeBase: common,
    merged: null,
    reviews: [],
  };
  const issue = addIssue(call, repository, {
    title: cutTitle(text(call.body.title)),
    body: text(call.body.body),
    labels,
    pull,
  });
  setRef(repository.folder, `refs/pull/${issue.number}/head`, headSha);
  addEvent(call.state, issue, 'pull_push', account.id, { body: pushed(repository, baseSha, headSha) });
  return { status: 201, body: await pullShape(call, repository, issue, pull) };
}

/** Why a pull request may not be merged by what the rules of its base say, or undefined. */
async function forbidden(repository: Repository, issue: Issue, pull: Pull): Promise<string | undefined> {
  const missing = missingApproval(repository, pull);
  if (missing !== undefined) return missing;
  if ((protectionOf(repository, pull.base)?.protectedFiles ?? '') === '') return undefined;
  const common = await commonCommit(repository, issue, pull);
  const changed = await changedNames(repository.folder, common, pull.headSha);
  return protectedFile(repository, pull.base, changed) === undefined ? undefined : 'Changed protected files';
}

const merge = onPull(async (call, repository, issue, pull) => {
  if (repository.archived) return archived(call, repository);
  if (!mayWrite(accessOf(call.state, repository, call.account)))
    return failure(call, 405, 'User not allowed to merge PR');
  if (!mayMerge(repository, pull.base, call.account, true))
    return failure(call, 405, 'User not allowed to merge PR');
  if (pull.merged !== null) return failure(call, 405, 'The PR is already merged');
  if (issue.state === 'closed') return notFound(call);
  if (isDraft(issue)) return failure(call, 405, 'Work in progress PRs cannot be merged');
  // Only once: who asks again is not refused for this.
  const checking = pull.checking;
  pull.checking = false;
  if (checking) return failure(call, 405, 'Please try again later');
  const reason = await forbidden(repository, issue, pull);
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
      if ((await forbidden(repository, issue, pull)) === undefined)
        await mergeNow(later, repository, issue, pull);
    });
    return { status: 201 };
  }
  return mergeNow(call, repository, issue, pull);
});

async function mergeNow(call: Call, repository: Repository, issue: Issue, pull: Pull): Promise<Answer> {
  const style = styles[text(call.body.Do)];
  if (style === undefined)
    return failure(call, 422, `[Do]: ${text(call.body.Do) === '' ? 'Required' : 'In'}`);
  if (!repository.mergeStyles.has(style))
    return failure(call, 405, `${style} is not an allowed merge style for this repository`);
  // What is merged is where the branch is now, whatever was reviewed and whatever is known here.
  const base = await branchCommit(repository.folder, pull.base);
  const head = (await branchHead(call.state, pull)) ?? pull.headSha;
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
  await commonCommit(repository, issue, pull);
  if (pull.from !== repository && head !== pull.headSha)
    await fetchBranch(repository.folder, pull.from.folder, pull.head);
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
  pull.merged = { at, by: account.id, commit };
  issue.state = 'closed';
  issue.closed = at;
  issue.updated = at;
  addEvent(call.state, issue, 'merge_pull', account.id);
  // A push just before the merge is noticed all the same.
  if (pull.late !== null) await settleHead(call.state, repository, issue, pull);
  if (call.body.delete_branch_after_merge === true) removeBranch(pull.from.folder, pull.head);
  return { status: 200 };
}

/** Lets a pull request ask to be merged into another branch. What was said of it stays said, though its files change. */
async function retarget(
  call: Call,
  repository: Repository,
  issue: Issue,
  pull: Pull,
  base: string,
): Promise<Answer | undefined> {
  const [now, head] = [await branchCommit(repository.folder, base), pull.headSha];
  if (now === undefined) return failure(call, 404, `new base '${base}' not exist`);
  if (issue.state === 'closed')
    return failure(
      call,
      422,
      `issue is closed [id: ${issue.id}, repo_id: ${repository.id}, index: ${issue.number}]`,
    );
  // A base that has all of it and more is an error of the server on a real forge as well; the head itself is none.
  if (now !== head && (await mergeBase(repository.folder, now, head)) === head) return failure(call, 500, '');
  const other = repository.issues.find(
    (item) =>
      item.state === 'open' &&
      item.pull?.base === base &&
      item.pull.from === pull.from &&
      item.pull.head === pull.head,
  );
  if (other !== undefined)
    return failure(
      call,
      409,
      `pull request already exists for these targets [id: ${other.id}, issue_id: ${other.id}, head_repo_id: ${pull.from.id}, base_repo_id: ${repository.id}, head_branch: ${pull.head}, base_branch: ${base}]`,
    );
  addEvent(call.state, issue, 'change_target_branch', call.account?.id ?? -1, {
    refs: { before: pull.base, now: base },
  });
  pull.base = base;
  pull.mergeBase = (await mergeBase(repository.folder, now, head)) ?? '';
  return undefined;
}

/** Merges the base into the branch of a pull request. What is up to date already is an error of the server. */
const update = onPull(async (call, repository, _issue, pull) => {
  const { account } = call;
  if (account === null) return failure(call, 401, 'token is required');
  if (pull.merged !== null) return failure(call, 422, '');
  if (!mayWrite(accessOf(call.state, pull.from, account))) return { status: 403 };
  const base = await branchCommit(repository.folder, pull.base);
  const head = await branchHead(call.state, pull);
  if (base === undefined || head === undefined) return failure(call, 500, '');
  if (pull.from !== repository) await fetchBranch(pull.from.folder, repository.folder, pull.base);
  if ((await mergeBase(pull.from.folder, base, head)) === base) return failure(call, 500, '');
  try {
    const commit = await mergeCommits(
      pull.from.folder,
      'merge',
      head,
      base,
      `Merge branch '${pull.base}' into ${pull.head}`,
      { name: account.login, email: account.email },
      call.state.now(),
    );
    if (!(await moveRef(pull.from.folder, `refs/heads/${pull.head}`, commit, head)))
      return failure(call, 409, 'push rejected');
    return { status: 200 };
  } catch (error) {
    if (error instanceof GitError) return failure(call, 409, 'merge failed because of conflict');
    throw error;
  }
});

const edit = onPull(async (call, repository, issue, pull) => {
  if (issue.author !== call.account?.id && !mayTend(call.state, repository, call.account, 'pulls'))
    return { status: 403 };
  const { title, body, state, base } = call.body;
  if (typeof title === 'string') issue.title = cutTitle(text(title));
  if (typeof body === 'string') issue.body = text(body);
  if (state === 'open' || state === 'closed') {
    if (pull.merged !== null)
      return failure(call, 412, 'cannot change state of this pull request, it was already merged');
    setState(call, issue, state);
  }
  if (typeof base === 'string' && base !== '' && base !== pull.base && pull.merged === null) {
    const why = await retarget(call, repository, issue, pull, base);
    if (why !== undefined) return why;
  }
  return { status: 201, body: await pullShape(call, repository, issue, pull) };
});

const files = onPull(async (call, repository, issue, pull) => {
  // The forge looks for a fork to name the files' addresses by, and breaks where there is none any more, for ever.
  if (!call.state.repositories.includes(pull.from)) return { status: 500, body: brokenPage, headers: html };
  const head = pull.headSha;
  const listed = await listedFiles(repository.folder, await commonCommit(repository, issue, pull), head);
  const [name, page] = [fullName(call, pull.from), `${call.url}/${fullName(call, pull.from)}`];
  return paged(
    call,
    listed,
    ({ path, from, kind, additions, deletions }) => {
      const at = path.split('/').map(encodeURIComponent).join('/');
      return {
        filename: path,
        ...(from === null ? {} : { previous_filename: from }),
        status: kind,
        additions,
        deletions,
        changes: additions + deletions,
        html_url: `${page}/src/commit/${head}/${at}`,
        contents_url: `${call.url}/api/v1/repos/${name}/contents/${at}?ref=${head}`,
        raw_url: `${page}/raw/commit/${head}/${at}`,
      };
    },
    `/repos/${fullName(call, repository)}/pulls/${issue.number}/files`,
    { link: true },
  );
});

const html = { 'content-type': 'text/html; charset=utf-8' };
const brokenPage = Buffer.from('<!DOCTYPE html>\n<title>Internal server error</title>\n');

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
    handle: edit,
  },
  { method: 'POST', route: '/repos/{owner}/{repo}/pulls/{index}/merge', scope: 'repository', handle: merge },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/pulls/{index}/update',
    scope: 'repository',
    handle: update,
  },
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
    handle: files,
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/pulls/{index}/commits',
    scope: 'repository',
    handle: onPull(async (call, repository, issue, pull) => {
      const without = await commonCommit(repository, issue, pull);
      const found = log(repository.folder, pull.headSha, { without });
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
      const [, owner, branch = ''] = /^(?:([^:]*):)?(.*)$/.exec(call.params.path ?? '') ?? [];
      const found = repository.issues.findLast(
        ({ pull }) =>
          pull?.base === call.params.base &&
          pull?.head === branch &&
          (owner === undefined
            ? pull.from === repository
            : pull.from != null && pull.from.owner === accountByLogin(call.state, owner)?.id),
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
