// What the embedded GitHub holds, and how it is answered: only fields that somebody may come to use, in the form of
// github.com/github/rest-api-description.

export const documentation = 'https://docs.github.com/rest';

export interface Account {
  id: number;
  login: string;
  type: 'User' | 'Organization';
  /** Of an organisation. */
  members: Set<string>;
}

export interface Repository {
  id: number;
  owner: Account;
  name: string;
  /** Names that it had, as `owner/name`. */
  formerly: string[];
  isPrivate: boolean;
  archived: boolean;
  hasIssues: boolean;
  defaultBranch: string;
  /** Its git folder. */
  git: string | null;
  /** Of collaborators, by login. */
  rights: Map<string, 'write' | 'read'>;
  issues: Issue[];
}

interface Comment {
  id: number;
  user: Account | null;
  body: string;
  at: string;
}

export interface Issue {
  id: number;
  repository: Repository;
  number: number;
  title: string;
  body: string | null;
  state: 'open' | 'closed';
  user: Account | null;
  labels: string[];
  comments: Comment[];
  movedTo: Issue | null;
  isDeleted: boolean;
  pull: { head: string; sha: string; base: string; home: Repository | null; merged: boolean } | null;
  at: string;
}

interface Place {
  url: string;
  repository: Repository;
}

export function userOf({ id, login, type }: Account): Record<string, unknown> {
  return { id, login, type, site_admin: false, html_url: `https://github.com/${login}` };
}

function nameOf({ owner, name }: Repository): string {
  return `${owner.login}/${name}`;
}

export function repositoryOf({ repository }: Place, right: string): unknown {
  const { id, owner, name, isPrivate, archived, hasIssues, defaultBranch } = repository;
  const fullName = nameOf(repository);
  const push = right === 'admin' || right === 'write';
  return {
    id,
    name,
    full_name: fullName,
    owner: userOf(owner),
    private: isPrivate,
    archived,
    has_issues: hasIssues,
    default_branch: defaultBranch,
    html_url: `https://github.com/${fullName}`,
    clone_url: `https://github.com/${fullName}.git`,
    ssh_url: `git@github.com:${fullName}.git`,
    permissions: { admin: right === 'admin', maintain: right === 'admin', push, triage: push, pull: true },
  };
}

export function collaboratorOf(account: Account, right: string): unknown {
  const push = right === 'admin' || right === 'write';
  return {
    ...userOf(account),
    permissions: { admin: right === 'admin', maintain: right === 'admin', push, triage: push, pull: true },
    role_name: right,
  };
}

/** A pull request is an issue with one key more: docs.github.com/rest/issues/issues. */
export function issueOf({ url, repository }: Place, issue: Issue): unknown {
  const { id, number, title, body, state, user, labels, comments, pull, at } = issue;
  const here = `${url}/repos/${nameOf(repository)}`;
  const page = `https://github.com/${nameOf(repository)}/${pull === null ? 'issues' : 'pull'}/${number}`;
  return {
    id,
    number,
    title,
    body,
    state,
    user: user === null ? null : userOf(user),
    labels: labels.map((name, index) => ({ id: 9000 + index, name, color: 'ededed', default: false })),
    assignees: [],
    comments: comments.length,
    locked: false,
    created_at: at,
    updated_at: at,
    url: `${here}/issues/${number}`,
    repository_url: here,
    html_url: page,
    author_association: 'NONE',
    ...(pull === null ? {} : { pull_request: { url: `${here}/pulls/${number}`, html_url: page } }),
  };
}

export function commentOf(
  { url, repository }: Place,
  issue: Issue,
  { id, user, body, at }: Comment,
): unknown {
  return {
    id,
    body,
    user: user === null ? null : userOf(user),
    created_at: at,
    updated_at: at,
    issue_url: `${url}/repos/${nameOf(repository)}/issues/${issue.number}`,
    html_url: `https://github.com/${nameOf(repository)}/issues/${issue.number}#issuecomment-${id}`,
    author_association: 'NONE',
  };
}

/** `merged` is said of one that is asked for by its number, and in no list: docs.github.com/rest/pulls/pulls. */
export function pullOf({ repository }: Place, issue: Issue, isWhole: boolean): unknown {
  const { id, number, title, body, state, user, pull, at } = issue;
  if (pull === null) throw new Error(`#${number} is no pull request`);
  const { head, sha, base, home, merged } = pull;
  const homeOf = (at: Repository | null): unknown =>
    at === null ? null : { id: at.id, full_name: nameOf(at), owner: userOf(at.owner) };
  return {
    id,
    number,
    title,
    body,
    state,
    user: user === null ? null : userOf(user),
    html_url: `https://github.com/${nameOf(repository)}/pull/${number}`,
    created_at: at,
    updated_at: at,
    merged_at: merged ? at : null,
    head: { ref: head, sha, label: `${home?.owner.login ?? 'unknown'}:${head}`, repo: homeOf(home) },
    base: {
      ref: base,
      sha: '0'.repeat(40),
      label: `${repository.owner.login}:${base}`,
      repo: homeOf(repository),
    },
    ...(isWhole ? { merged, mergeable: null } : {}),
  };
}
