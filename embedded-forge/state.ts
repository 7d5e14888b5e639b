import { randomBytes } from 'node:crypto';

/** Everything the forge knows, except what git keeps: plain data, changed only by the route handlers. */
export interface State {
  accounts: Account[];
  tokens: Token[];
  repositories: Repository[];
  /** One row of ids per kind of thing, as a database has them. */
  ids: Record<'account' | 'token' | 'repository' | 'label' | 'issue' | 'pull' | 'comment', number>;
  now: () => Date;
}

export interface Account {
  id: number;
  login: string;
  email: string;
  password: string;
  isAdmin: boolean;
  isOrganisation: boolean;
  /** An organisation's labels; a user has none. */
  labels: Label[];
  /** An organisation's owners, by account id. */
  owners: number[];
  created: string;
}

export interface Token {
  id: number;
  account: number;
  name: string;
  sha: string;
  scopes: string[];
  created: string;
}

export type Access = 'none' | 'read' | 'write' | 'admin' | 'owner';

export interface Repository {
  id: number;
  owner: number;
  name: string;
  description: string;
  private: boolean;
  archived: boolean;
  hasIssues: boolean;
  dependencies: boolean;
  /** No commit on any branch yet. */
  empty: boolean;
  defaultBranch: string;
  collaborators: Map<number, 'read' | 'write' | 'admin'>;
  labels: Label[];
  issues: Issue[];
  /** The number of the newest issue or pull request; one that was deleted keeps its number. */
  lastNumber: number;
  /** The bare git repository. */
  folder: string;
  created: string;
  updated: string;
}

export interface Label {
  id: number;
  name: string;
  color: string;
  description: string;
}

/** An issue of a repository, or of another one that it depends on. */
export interface IssueLink {
  repository: number;
  number: number;
}

/** An issue, or a pull request, which shares the numbers. */
export interface Issue {
  id: number;
  number: number;
  author: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  labels: number[];
  assignees: number[];
  /** Comments and events in the order they happened; they share one row of ids. */
  timeline: TimelineItem[];
  dependsOn: IssueLink[];
  created: string;
  updated: string;
  closed: string | null;
  pull: Pull | null;
}

export interface TimelineItem {
  id: number;
  type:
    | 'comment'
    | 'label'
    | 'close'
    | 'reopen'
    | 'change_title'
    | 'assignees'
    | 'add_dependency'
    | 'remove_dependency'
    | 'pull_push'
    | 'delete_branch'
    | 'merge_pull';
  author: number;
  body: string;
  label: number | null;
  titles: { old: string; new: string } | null;
  assignee: { account: number; removed: boolean } | null;
  other: IssueLink | null;
  created: string;
  updated: string;
}

export interface Pull {
  id: number;
  base: string;
  head: string;
  /** Where the head stood when it was last looked at: all that is left once its branch is gone. */
  headSha: string;
  /** Where head and base parted; kept from the moment of the merge on. */
  mergeBase: string;
  merged: { at: string; by: number; commit: string } | null;
}

export function createState(now: () => Date): State {
  return {
    accounts: [],
    tokens: [],
    repositories: [],
    ids: { account: 0, token: 0, repository: 0, label: 0, issue: 0, pull: 0, comment: 0 },
    now,
  };
}

export function nextId(state: State, kind: keyof State['ids']): number {
  state.ids[kind] += 1;
  return state.ids[kind];
}

/** RFC 3339 in whole seconds, as the forge writes times. */
export function timestamp(state: State): string {
  return state
    .now()
    .toISOString()
    .replace(/\.\d{3}Z$/, 'Z');
}

/** Adds a comment or an event to an issue, which counts as an update of it. */
export function addToTimeline(
  state: State,
  issue: Issue,
  given: Pick<TimelineItem, 'type' | 'author'> & Partial<TimelineItem>,
): TimelineItem {
  const at = timestamp(state);
  const item: TimelineItem = {
    id: nextId(state, 'comment'),
    body: '',
    label: null,
    titles: null,
    assignee: null,
    other: null,
    created: at,
    updated: at,
    ...given,
  };
  issue.timeline.push(item);
  issue.updated = at;
  return item;
}

export function accountByLogin(state: State, login: string): Account | undefined {
  return state.accounts.find((account) => account.login.toLowerCase() === login.toLowerCase());
}

export function accountById(state: State, id: number): Account | undefined {
  return state.accounts.find((account) => account.id === id);
}

export function addAccount(
  state: State,
  given: Pick<Account, 'login' | 'email' | 'password'> & Partial<Account>,
): Account {
  const account: Account = {
    id: nextId(state, 'account'),
    isAdmin: false,
    isOrganisation: false,
    labels: [],
    owners: [],
    created: timestamp(state),
    ...given,
  };
  state.accounts.push(account);
  return account;
}

const scopeKinds = [
  'activitypub',
  'admin',
  'misc',
  'notification',
  'organization',
  'package',
  'issue',
  'repository',
  'user',
];

/** Whether the forge knows a scope by this name; a token with any other is refused. */
export function isScope(scope: string): boolean {
  const [level = '', kind = ''] = scope.split(':');
  return (
    scope === 'all' ||
    scope === 'public-only' ||
    (['read', 'write'].includes(level) && scopeKinds.includes(kind))
  );
}

/** The scopes in the order the forge keeps them; a read that a write of the same kind implies is left out. */
export function orderScopes(scopes: string[]): string[] {
  const kept = scopeKinds.flatMap((kind) => {
    if (scopes.includes(`write:${kind}`)) return [`write:${kind}`];
    return scopes.includes(`read:${kind}`) ? [`read:${kind}`] : [];
  });
  const limited = scopes.includes('public-only') ? ['public-only'] : [];
  return scopes.includes('all') ? ['all', ...limited] : [...limited, ...kept];
}

export function addToken(state: State, account: Account, name: string, scopes: string[]): Token {
  const token = {
    id: nextId(state, 'token'),
    account: account.id,
    name,
    sha: randomBytes(20).toString('hex'),
    scopes: orderScopes(scopes),
    created: timestamp(state),
  };
  state.tokens.push(token);
  return token;
}

export function findRepository(state: State, owner: string, name: string): Repository | undefined {
  const account = accountByLogin(state, owner);
  return state.repositories.find(
    (repository) => repository.owner === account?.id && repository.name.toLowerCase() === name.toLowerCase(),
  );
}

/** What somebody was given in a repository, as its owner or a collaborator; a site admin's rights are not given. */
export function grantedAccess(state: State, repository: Repository, account: Account): Access {
  if (account.id === repository.owner) return 'owner';
  if (accountById(state, repository.owner)?.owners.includes(account.id) === true) return 'owner';
  return repository.collaborators.get(account.id) ?? 'none';
}

/** What an account may do in a repository: site admins everything, the public reads what is public. */
export function accessOf(state: State, repository: Repository, account: Account | null): Access {
  if (account?.isAdmin === true) return 'owner';
  const granted = account === null ? 'none' : grantedAccess(state, repository, account);
  return granted === 'none' && !repository.private ? 'read' : granted;
}

export function mayWrite(access: Access): boolean {
  return access === 'write' || access === 'admin' || access === 'owner';
}

export function mayAdmin(access: Access): boolean {
  return access === 'admin' || access === 'owner';
}
