import type { Commit, Difference, MergeStyle, TreeItem } from './git.ts';
import type { Call } from './route.ts';
import {
  type Account,
  accessOf,
  accountById,
  type Issue,
  type Label,
  mayAdmin,
  mayWrite,
  type Repository,
  type TimelineItem,
} from './state.ts';

/** JSON as Forgejo writes it, one function per resource. Fields that nothing here can change stand as constants. */

export function userShape(call: Call, account: Account | undefined): unknown {
  // An account that is gone is shown as the ghost.
  const shown = account ?? {
    id: -1,
    login: 'Ghost',
    email: 'ghost@noreply.localhost',
    isAdmin: false,
    visibility: 'public' as const,
    created: '1970-01-01T00:00:00Z',
  };
  const maySee = call.account?.isAdmin === true || call.account?.id === shown.id;
  return {
    id: shown.id,
    login: shown.login,
    login_name: '',
    source_id: 0,
    full_name: '',
    email: shown.email,
    avatar_url: `${call.url}/avatars/${shown.id}`,
    html_url: `${call.url}/${shown.login}`,
    language: '',
    is_admin: maySee && shown.isAdmin,
    last_login: '1970-01-01T00:00:00Z',
    created: shown.created,
    restricted: false,
    active: true,
    prohibit_login: false,
    location: '',
    pronouns: '',
    website: '',
    description: '',
    visibility: shown.visibility,
    followers_count: 0,
    following_count: 0,
    starred_repos_count: 0,
    username: shown.login,
  };
}

export function organisationShape(call: Call, account: Account): unknown {
  return {
    id: account.id,
    name: account.login,
    full_name: '',
    email: '',
    avatar_url: `${call.url}/avatars/${account.id}`,
    description: '',
    website: '',
    location: '',
    visibility: account.visibility,
    repo_admin_change_team_access: false,
    username: account.login,
  };
}

export function fullName(call: Call, repository: Repository): string {
  return `${accountById(call.state, repository.owner)?.login ?? 'Ghost'}/${repository.name}`;
}

/** The settings of a repository that allow a style of merges. */
export const styleSettings: Record<string, MergeStyle> = {
  allow_merge_commits: 'merge',
  allow_rebase: 'rebase',
  allow_rebase_explicit: 'rebase-merge',
  allow_squash_merge: 'squash',
  allow_fast_forward_only_merge: 'fast-forward-only',
};

export function repositoryShape(call: Call, repository: Repository, isParent = false): unknown {
  const name = fullName(call, repository);
  const access = accessOf(call.state, repository, call.account);
  const parent = call.state.repositories.find(({ id }) => id === repository.forkOf);
  const open = (pull: boolean): number =>
    repository.issues.filter((issue) => issue.state === 'open' && (issue.pull !== null) === pull).length;
  return {
    id: repository.id,
    owner: userShape(call, accountById(call.state, repository.owner)),
    name: repository.name,
    full_name: name,
    description: repository.description,
    empty: repository.empty,
    private: repository.private,
    fork: repository.forkOf !== null,
    template: false,
    parent: parent === undefined || isParent ? null : repositoryShape(call, parent, true),
    mirror: false,
    size: 0,
    language: '',
    languages_url: `${call.url}/api/v1/repos/${name}/languages`,
    html_url: `${call.url}/${name}`,
    url: `${call.url}/api/v1/repos/${name}`,
    link: '',
    ssh_url: `ssh://forge@localhost/${name}.git`,
    clone_url: `${call.url}/${name}.git`,
    original_url: '',
    website: '',
    stars_count: 0,
    forks_count: call.state.repositories.filter(({ forkOf }) => forkOf === repository.id).length,
    watchers_count: 1,
    open_issues_count: open(false),
    open_pr_counter: open(true),
    release_counter: 0,
    default_branch: repository.defaultBranch,
    archived: repository.archived,
    created_at: repository.created,
    updated_at: repository.created,
    archived_at: '1970-01-01T00:00:00Z',
    // The user's rights, whatever the token may do.
    permissions: { admin: mayAdmin(access), push: mayWrite(access), pull: access !== 'none' },
    has_issues: repository.hasIssues,
    ...(repository.hasIssues
      ? {
          internal_tracker: {
            enable_time_tracker: true,
            allow_only_contributors_to_track_time: true,
            enable_issue_dependencies: repository.dependencies,
          },
        }
      : {}),
    has_wiki: true,
    has_wiki_contents: false,
    wiki_branch: 'main',
    wiki_ssh_url: `ssh://forge@localhost/${name}.wiki.git`,
    wiki_clone_url: `${call.url}/${name}.wiki.git`,
    globally_editable_wiki: false,
    has_pull_requests: true,
    has_projects: true,
    has_releases: true,
    has_packages: true,
    has_actions: repository.hasActions,
    ignore_whitespace_conflicts: false,
    ...Object.fromEntries(
      Object.entries(styleSettings).map(([setting, style]) => [setting, repository.mergeStyles.has(style)]),
    ),
    allow_rebase_update: true,
    default_delete_branch_after_merge: false,
    default_merge_style: repository.defaultMergeStyle,
    default_allow_maintainer_edit: false,
    default_update_style: 'merge',
    avatar_url: '',
    internal: false,
    mirror_interval: '',
    object_format_name: 'sha1',
    mirror_updated: '0001-01-01T00:00:00Z',
    repo_transfer: null,
    topics: [],
  };
}

export function labelShape(call: Call, label: Label, home: string): unknown {
  return {
    id: label.id,
    name: label.name,
    exclusive: label.exclusive === true,
    is_archived: false,
    color: label.color,
    description: label.description,
    url: `${call.url}/api/v1/${home}/labels/${label.id}`,
  };
}

/** Labels that issues of a repository can carry: its own and its organisation's, each with whose it is. */
function knownLabels(call: Call, repository: Repository): { label: Label; home: string }[] {
  const name = fullName(call, repository);
  const owner = accountById(call.state, repository.owner);
  return [
    ...repository.labels.map((label) => ({ label, home: `repos/${name}` })),
    ...(owner?.labels ?? []).map((label) => ({ label, home: `orgs/${owner?.login}` })),
  ];
}

/** Labels of an issue, by name, from the repository and from its organisation. */
export function issueLabels(call: Call, repository: Repository, issue: Issue): unknown[] {
  return knownLabels(call, repository)
    .filter(({ label }) => issue.labels.includes(label.id))
    .sort((a, b) =>
      a.label.name < b.label.name ? -1 : a.label.name > b.label.name ? 1 : a.label.id - b.label.id,
    )
    .map(({ label, home }) => labelShape(call, label, home));
}

/** Who is assigned; nobody is `null` and no empty list. */
export function assigneesShape(
  call: Call,
  { assignees }: Issue,
): { assignee: unknown; assignees: unknown[] | null } {
  const shown = assignees.map((id) => userShape(call, accountById(call.state, id)));
  return { assignee: shown[0] ?? null, assignees: shown.length === 0 ? null : shown };
}

export function issueShape(call: Call, repository: Repository, issue: Issue): unknown {
  const name = fullName(call, repository);
  const page = `${call.url}/${name}/${issue.pull === null ? 'issues' : 'pulls'}/${issue.number}`;
  return {
    id: issue.id,
    url: `${call.url}/api/v1/repos/${name}/issues/${issue.number}`,
    html_url: page,
    number: issue.number,
    user: userShape(call, accountById(call.state, issue.author)),
    original_author: '',
    original_author_id: 0,
    title: issue.title,
    body: issue.body,
    ref: '',
    assets: [],
    labels: issueLabels(call, repository, issue),
    milestone: null,
    ...assigneesShape(call, issue),
    state: issue.state,
    is_locked: false,
    comments: issue.timeline.filter(({ type }) => type === 'comment').length,
    created_at: issue.created,
    updated_at: issue.updated,
    closed_at: issue.closed,
    due_date: null,
    pull_request:
      issue.pull === null
        ? null
        : {
            merged: issue.pull.merged !== null,
            merged_at: issue.pull.merged?.at ?? null,
            draft: /^(WIP:|\[WIP\])/i.test(issue.title),
            html_url: page,
          },
    repository: {
      id: repository.id,
      name: repository.name,
      owner: accountById(call.state, repository.owner)?.login ?? 'Ghost',
      full_name: name,
    },
    pin_order: 0,
  };
}

export function commentShape(
  call: Call,
  repository: Repository,
  issue: Issue,
  comment: TimelineItem,
): unknown {
  const page = `${call.url}/${fullName(call, repository)}/${issue.pull === null ? 'issues' : 'pulls'}/${issue.number}`;
  return {
    id: comment.id,
    html_url: `${page}#issuecomment-${comment.id}`,
    pull_request_url: issue.pull === null ? '' : page,
    issue_url: issue.pull === null ? page : '',
    user: userShape(call, accountById(call.state, comment.author)),
    original_author: '',
    original_author_id: 0,
    body: comment.body,
    assets: [],
    created_at: comment.created,
    updated_at: comment.updated,
  };
}

export function timelineShape(call: Call, repository: Repository, issue: Issue, item: TimelineItem): unknown {
  const set = knownLabels(call, repository).find(({ label }) => label.id === item.label);
  const { id, html_url, pull_request_url, issue_url, user, body, created_at, updated_at } = commentShape(
    call,
    repository,
    issue,
    item,
  ) as Record<string, unknown>;
  return {
    id,
    type: item.type,
    html_url,
    pull_request_url,
    issue_url,
    user,
    body,
    created_at,
    updated_at,
    old_project_id: 0,
    project_id: 0,
    old_milestone: null,
    milestone: null,
    tracked_time: null,
    old_title: '',
    new_title: '',
    old_ref: item.refs?.before ?? '',
    new_ref: item.refs?.now ?? '',
    ref_issue: null,
    ref_comment: null,
    ref_action: 'none',
    ref_commit_sha: '',
    review_id: item.review,
    label: set === undefined ? null : labelShape(call, set.label, set.home),
    assignee: item.assignee === null ? null : userShape(call, accountById(call.state, item.assignee.account)),
    assignee_team: null,
    removed_assignee: item.assignee?.removed ?? false,
    resolve_doer: null,
    dependent_issue: null,
  };
}

/** What the forge says of every commit it has not checked a signature of, and none here is signed. */
export const unsigned = {
  verified: false,
  reason: 'gpg.error.not_signed_commit',
  signature: '',
  signer: null,
  payload: '',
};

const never = '0001-01-01T00:00:00Z';

/** Content in base64, but none of a file that is larger than the forge's limit: `size` still tells. */
export function blobContent(call: Call, bytes: Buffer): string {
  return bytes.length > call.largestBlob ? '' : bytes.toString('base64');
}

export function fileShape(
  call: Call,
  repository: Repository,
  item: TreeItem,
  ref: string,
  last: Commit,
  content: Buffer | null,
): unknown {
  const name = fullName(call, repository);
  const encoded = encodeURI(item.path);
  const self = `${call.url}/api/v1/repos/${name}/contents/${encoded}?ref=${encodeURIComponent(ref)}`;
  const kind =
    item.type === 'tree'
      ? 'dir'
      : item.mode === '120000'
        ? 'symlink'
        : item.type === 'commit'
          ? 'submodule'
          : 'file';
  const isSha = /^[0-9a-f]{40}$/.test(ref);
  const html = `${call.url}/${name}/src/${isSha ? 'commit' : 'branch'}/${ref}/${encoded}`;
  const object = `${call.url}/api/v1/repos/${name}/git/${item.type === 'tree' ? 'trees' : 'blobs'}/${item.sha}`;
  return {
    name: item.path.split('/').at(-1) ?? '',
    path: item.path,
    sha: item.sha,
    last_commit_sha: last.sha,
    last_commit_when: last.committer.date,
    type: kind,
    size: item.size,
    encoding: content === null ? null : 'base64',
    content: content === null ? null : blobContent(call, content),
    target: null,
    url: self,
    html_url: html,
    git_url: object,
    download_url:
      kind === 'file' ? `${call.url}/${name}/raw/${isSha ? 'commit' : 'branch'}/${ref}/${encoded}` : null,
    submodule_git_url: null,
    _links: { self, git: object, html },
  };
}

/** A commit as the answer to a write names it. */
export function fileCommitShape(call: Call, repository: Repository, commit: Commit): unknown {
  const at = (kind: string, sha: string): string =>
    `${call.url}/api/v1/repos/${fullName(call, repository)}/git/${kind}/${sha}`;
  return {
    url: at('commits', commit.sha),
    sha: commit.sha,
    created: never,
    html_url: `${call.url}/${fullName(call, repository)}/commit/${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    parents: commit.parents.map((sha) => ({ url: at('commits', sha), sha, created: never })),
    message: commit.message,
    tree: { url: at('trees', commit.tree), sha: commit.tree, created: never },
  };
}

/** What a commit is shown with where it is asked for. */
export interface CommitParts {
  verification?: boolean;
  /** Files against its first parent, renames not looked for. */
  files?: Difference[];
  lines?: { additions: number; deletions: number };
}

const fileStatus: Record<string, string> = { A: 'added', M: 'modified', D: 'removed' };

export function commitShape(
  call: Call,
  repository: Repository,
  commit: Commit,
  { verification = false, files, lines }: CommitParts = {},
): unknown {
  const at = (kind: string, sha: string): string =>
    `${call.url}/api/v1/repos/${fullName(call, repository)}/git/${kind}/${sha}`;
  const byEmail = (email: string): unknown => {
    const account = call.state.accounts.find((item) => item.email === email);
    return account === undefined ? null : userShape(call, account);
  };
  return {
    url: at('commits', commit.sha),
    sha: commit.sha,
    created: commit.committer.date,
    html_url: `${call.url}/${fullName(call, repository)}/commit/${commit.sha}`,
    commit: {
      url: at('commits', commit.sha),
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      // The forge names the commit here, not its tree.
      tree: { url: at('trees', commit.sha), sha: commit.sha, created: commit.committer.date },
      verification: verification ? unsigned : null,
    },
    author: byEmail(commit.author.email),
    committer: byEmail(commit.committer.email),
    parents: commit.parents.map((sha) => ({ url: at('commits', sha), sha, created: never })),
    files:
      files === undefined
        ? null
        : // A file that became a link is none of the three, and is left out.
          files
            .filter(({ status }) => status in fileStatus)
            .map(({ path, status }) => ({ filename: path, status: fileStatus[status] })),
    stats: lines === undefined ? null : { total: lines.additions + lines.deletions, ...lines },
  };
}

export function branchShape(
  call: Call,
  repository: Repository,
  name: string,
  commit: Commit,
  protection: Record<string, unknown>,
): unknown {
  const person = (who: Commit['author']): unknown => ({
    name: who.name,
    email: who.email,
    username: call.state.accounts.find(({ email }) => email === who.email)?.login ?? '',
  });
  return {
    name,
    commit: {
      id: commit.sha,
      message: commit.message,
      url: `${call.url}/${fullName(call, repository)}/commit/${commit.sha}`,
      author: person(commit.author),
      committer: person(commit.committer),
      verification: unsigned,
      timestamp: commit.committer.date,
      added: null,
      removed: null,
      modified: null,
    },
    ...protection,
  };
}
