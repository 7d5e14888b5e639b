import { randomBytes } from 'node:crypto';
import type { MergeStyle } from './git.ts';

/** Everything the forge knows, except what git keeps: plain data, changed only by the route handlers. */
export interface State {
  accounts: Account[];
  tokens: Token[];
  repositories: Repository[];
  /** One row of ids per kind of thing, as a database has them. */
  ids: Record<
    | 'account'
    | 'token'
    | 'repository'
    | 'label'
    | 'issue'
    | 'comment'
    | 'review'
    | 'status'
    | 'run'
    | 'job'
    | 'team',
    number
  >;
  now: () => Date;
  /** How many looks after a push to the branch of a pull request still find its older head: see heads.ts. */
  forkLag: number;
  /** How many repositories an account may have when it forks; as many as it likes where absent. */
  mostRepositories?: number;
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
  /** Its teams beside the owners. */
  teams: Team[];
  /** Accounts that it has blocked, by id: they may write nothing under what it posted, nor in what it owns. */
  blocked: Set<number>;
  created: string;
}

/** A team of an organisation: who, where, and what they may do there. */
export interface Team {
  id: number;
  name: string;
  /** By account id. */
  members: number[];
  /** By repository id, or all of the organisation. */
  repositories: Set<number> | 'all';
  /** What its members may do with each part of a repository; nothing with a part that is not named. */
  units: { code: Access; issues: Access; pulls: Access };
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
  /** The repository it was forked from, by id. */
  forkOf: number | null;
  hasIssues: boolean;
  /** Whether workflows run there. */
  hasActions: boolean;
  /** Without a commit so far. */
  empty: boolean;
  dependencies: boolean;
  /** What its settings allow, and what its pages offer first. */
  mergeStyles: Set<MergeStyle>;
  defaultMergeStyle: string;
  defaultBranch: string;
  collaborators: Map<number, 'read' | 'write' | 'admin'>;
  protections: Protection[];
  statuses: CommitStatus[];
  /** Where somebody is told of what happens. Nobody ever is. */
  webhooks: { id: number; url: string }[];
  runs: Run[];
  /** Secrets by name: when they were made, and what they hold, which no call tells. */
  secrets: Map<string, { created: string; value: string }>;
  labels: Label[];
  issues: Issue[];
  /** The last number that was given; numbers of deleted issues are not used again. */
  lastNumber: number;
  /** The bare git repository. */
  folder: string;
  created: string;
}

export interface CommitStatus {
  id: number;
  commit: string;
  state: string;
  context: string;
  description: string;
  targetUrl: string;
  author: number;
  created: string;
}

/** A run of a workflow; nothing is ever run here, a test says how it ends. */
export interface Run {
  id: number;
  /** Within its repository. */
  number: number;
  workflow: string;
  /** The whole name of a branch or a tag, or a commit. */
  ref: string;
  commit: string;
  /** What started it. */
  event: string;
  jobs: Job[];
  by: number;
  inputs: Record<string, string>;
  status: 'waiting' | 'running' | 'success' | 'failure' | 'cancelled' | 'blocked';
  created: string;
  started: string | null;
  stopped: string | null;
}

export interface Job {
  id: number;
  name: string;
  needs: string[] | null;
  runsOn: string[];
  /** Where it is not as its run is. */
  status?: Run['status'];
  /** What it printed, with the time before each line; absent until it ran. */
  log?: string;
}

/** A rule for branches of a name or a pattern. Lists of people are `null` where everybody with write access counts. */
export interface Protection {
  name: string;
  enablePush: boolean;
  pushers: string[] | null;
  mergers: string[] | null;
  approvers: string[] | null;
  statusCheck: boolean;
  contexts: string[] | null;
  requiredApprovals: number;
  blockOnRejected: boolean;
  dismissStale: boolean;
  ignoreStale: boolean;
  applyToAdmins: boolean;
  /** Patterns, with semicolons between them. */
  protectedFiles: string;
  unprotectedFiles: string;
  created: string;
  updated: string;
}

export interface Label {
  id: number;
  name: string;
  color: string;
  description: string;
  /** Whether an issue carries only one label of its scope, which is what stands before the last slash of its name. */
  exclusive?: boolean;
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
  /** By account id, in the order in which they were assigned. */
  assignees: number[];
  /** Comments and events in the order they happened; they share one row of ids. */
  timeline: TimelineItem[];
  /** Issues that this one depends on, by repository id and number. */
  dependsOn: { repository: number; number: number }[];
  created: string;
  updated: string;
  closed: string | null;
  pull: Pull | null;
}

export interface TimelineItem {
  id: number;
  type:
    | 'assignees'
    | 'change_target_branch'
    | 'close'
    /** On a line; it stands in a review and not in the timeline. */
    | 'code'
    | 'comment'
    | 'dismiss_review'
    | 'label'
    | 'merge_pull'
    | 'pull_push'
    | 'reopen'
    | 'review'
    | 'review_request';
  author: number;
  body: string;
  label: number | null;
  /** Of `assignees` and `review_request`: who, and whether no longer. */
  assignee: { account: number; removed: boolean } | null;
  /** Of `change_target_branch`. */
  refs: { before: string; now: string } | null;
  review: number;
  created: string;
  updated: string;
  /** Who reacted to a comment, by account id. */
  reactions?: { by: number; content: string; created: string }[] | undefined;
}

export interface Pull {
  base: string;
  head: string;
  /** Where the head's branch is: the repository itself, or a fork of it. */
  from: Repository;
  /** The head that the repository knows, as `refs/pull/N/head` names it: behind the branch for a while after a push. */
  headSha: string;
  /** Where the branch was after the last push to it. */
  seen: string;
  /** A head that was pushed and is not here yet, by whom, and after how many looks it comes. */
  late: { head: string; looks: number; by: number } | null;
  /** Whether conflicts are being looked for: until then a merge is refused, once. */
  checking: boolean;
  mergeBase: string;
  merged: { at: string; by: number; commit: string } | null;
  reviews: Review[];
}

export interface Review {
  id: number;
  author: number;
  state: 'APPROVED' | 'REQUEST_CHANGES' | 'COMMENT' | 'PENDING' | 'REQUEST_REVIEW';
  body: string;
  /** What the reviewer said was reviewed, whatever the head was. */
  commit: string;
  stale: boolean;
  /** By somebody who could write at the time. */
  official: boolean;
  dismissed: boolean;
  /** When it was begun, though it may have been submitted later. */
  submitted: string;
  updated: string;
  comments: CodeComment[];
}

/** A comment on a line of a file. */
export interface CodeComment {
  item: TimelineItem;
  path: string;
  /** Counted in `commit`; below zero for a line of the base that the pull request takes away. */
  line: number;
  commit: string;
  hunk: string;
}

export function createState(now: () => Date, forkLag = 0): State {
  return {
    accounts: [],
    tokens: [],
    repositories: [],
    ids: {
      account: 0,
      token: 0,
      repository: 0,
      label: 0,
      issue: 0,
      comment: 0,
      review: 0,
      status: 0,
      run: 0,
      job: 0,
      team: 0,
    },
    now,
    forkLag,
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

/** Puts something that happened into a timeline, which touches the issue. An edit of it later does not. */
export function addEvent(
  state: State,
  issue: Issue,
  type: TimelineItem['type'],
  author: number,
  given: Partial<Omit<TimelineItem, 'id' | 'type' | 'author'>> = {},
): TimelineItem {
  const item = createEvent(state, type, author, given);
  issue.timeline.push(item);
  issue.updated = timestamp(state);
  return item;
}

/** Something that happened; comments and events share one row of ids. */
export function createEvent(
  state: State,
  type: TimelineItem['type'],
  author: number,
  given: Partial<Omit<TimelineItem, 'id' | 'type' | 'author'>> = {},
): TimelineItem {
  const at = timestamp(state);
  return {
    id: nextId(state, 'comment'),
    type,
    author,
    body: '',
    label: null,
    assignee: null,
    refs: null,
    review: 0,
    created: at,
    updated: at,
    ...given,
  };
}

export function accountByLogin(state: State, login: string): Account | undefined {
  return state.accounts.find((account) => account.login.toLowerCase() === login.toLowerCase());
}

export function accountById(state: State, id: number): Account | undefined {
  return state.accounts.find((account) => account.id === id);
}

export function addAccount(
  state: State,
  given: {
    login: string;
    email: string;
    password: string;
    isAdmin?: boolean;
    isOrganisation?: boolean;
    owners?: number[];
  },
): Account {
  const account: Account = {
    id: nextId(state, 'account'),
    isAdmin: false,
    isOrganisation: false,
    labels: [],
    owners: [],
    teams: [],
    blocked: new Set(),
    created: timestamp(state),
    ...given,
  };
  state.accounts.push(account);
  return account;
}

/** The scopes in the order the forge keeps them; a read that a write of the same kind implies is left out. */
function orderScopes(scopes: string[]): string[] {
  const kinds = [
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
  const kept = kinds.flatMap((kind) => {
    if (scopes.includes(`write:${kind}`)) return [`write:${kind}`];
    return scopes.includes(`read:${kind}`) ? [`read:${kind}`] : [];
  });
  if (scopes.includes('all')) return ['all'];
  return [...(scopes.includes('public-only') ? ['public-only'] : []), ...kept];
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

/**
 * What an account may do in a repository, with its code above all: site admins and owners everything, the public reads what
 * is public.
 */
export function accessOf(state: State, repository: Repository, account: Account | null): Access {
  return accessToUnit(state, repository, account, 'code');
}

const levels: Access[] = ['none', 'read', 'write', 'admin', 'owner'];

/** What an account may do with one part of a repository. Only the teams of an organisation tell parts apart. */
function accessToUnit(
  state: State,
  repository: Repository,
  account: Account | null,
  unit: keyof Team['units'],
): Access {
  const open = repository.private ? 'none' : 'read';
  if (account === null) return open;
  if (account.isAdmin || account.id === repository.owner) return 'owner';
  const owner = accountById(state, repository.owner);
  if (owner?.owners.includes(account.id) === true) return 'owner';
  const ofTeams = (owner?.teams ?? [])
    .filter(({ members }) => members.includes(account.id))
    .filter(({ repositories }) => repositories === 'all' || repositories.has(repository.id))
    .map(({ units }) => units[unit]);
  const given: Access[] = [repository.collaborators.get(account.id) ?? open, ...ofTeams];
  return given.reduce((most, item) => (levels.indexOf(item) > levels.indexOf(most) ? item : most));
}

/**
 * Whether an account may label, assign, close and edit what others wrote, among issues or among pull requests. It takes no
 * right to push, and does not let anybody merge.
 */
export function mayTend(
  state: State,
  repository: Repository,
  account: Account | null,
  unit: 'issues' | 'pulls',
): boolean {
  return mayWrite(accessToUnit(state, repository, account, unit));
}

/**
 * Whether an account may be assigned, or asked for a review: whoever may read pull requests, or write anything.
 */
export function maySeePulls(state: State, repository: Repository, account: Account): boolean {
  return (
    accessToUnit(state, repository, account, 'pulls') !== 'none' ||
    mayTend(state, repository, account, 'issues') ||
    mayWrite(accessOf(state, repository, account))
  );
}

/** The part of a repository that an issue belongs to, which may be a pull request. */
export function unitOf({ pull }: Issue): 'issues' | 'pulls' {
  return pull === null ? 'issues' : 'pulls';
}

/** Whether one of these accounts has blocked who asks. */
export function isBlocked(state: State, by: number[], account: Account | null): boolean {
  return by.some((id) => accountById(state, id)?.blocked.has(account?.id ?? 0) === true);
}

export function mayWrite(access: Access): boolean {
  return access === 'write' || access === 'admin' || access === 'owner';
}

export function mayAdmin(access: Access): boolean {
  return access === 'admin' || access === 'owner';
}
