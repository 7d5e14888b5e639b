import { setState } from '../closing.ts';
import { type Answer, type Call, failure, notFound, ok, paged, type Route, text, within } from '../route.ts';
import { fullName, issueShape, timelineShape } from '../shapes.ts';
import {
  type Account,
  accessOf,
  accountById,
  accountByLogin,
  addEvent,
  type Issue,
  isBlocked,
  maySeePulls,
  mayTend,
  nextId,
  type Repository,
  timestamp,
  unitOf,
} from '../state.ts';
import { knownLabelIds, withoutExcluded } from './labels.ts';
import { archived } from './repositories.ts';

/**
 * Cut as the forge cuts a title: at 255 bytes of UTF-8, between characters, with an ellipsis. No word is said of it.
 */
export function cutTitle(title: string): string {
  if (Buffer.byteLength(title) <= 255) return title;
  let cut = '';
  for (const character of title) {
    if (Buffer.byteLength(cut + character) > 252) break;
    cut += character;
  }
  return `${cut}…`;
}

export function findIssue(repository: Repository, index: string | undefined): Issue | undefined {
  return repository.issues.find(({ number }) => String(number) === index);
}

/** What the forge says of a number it does not know, on routes that write. */
export function noSuchIssue(call: Call, repository: Repository, index: unknown): Answer {
  return failure(call, 404, 'IsErrIssueNotExist', [
    `issue does not exist [id: 0, repo_id: ${repository.id}, index: ${index}]`,
  ]);
}

/** What somebody is told who was blocked by who wrote what they answer to, or by who owns where they write. */
export function blockedHere(call: Call): Answer {
  return failure(call, 403, 'user is blocked by the poster or repository owner');
}

/** A new issue or pull request under the next number. */
export function addIssue(
  call: Call,
  repository: Repository,
  given: Pick<Issue, 'title' | 'body' | 'labels' | 'pull'> & { assignees?: number[] },
): Issue {
  const at = timestamp(call.state);
  repository.lastNumber += 1;
  const issue: Issue = {
    id: nextId(call.state, 'issue'),
    number: repository.lastNumber,
    author: call.account?.id ?? -1,
    state: 'open',
    timeline: [],
    dependsOn: [],
    created: at,
    updated: at,
    closed: null,
    ...given,
    assignees: [],
  };
  repository.issues.push(issue);
  // Labels that an issue is born with are events as well.
  for (const label of issue.labels) addEvent(call.state, issue, 'label', issue.author, { body: '1', label });
  assign(call, issue, given.assignees ?? []);
  return issue;
}

/** The accounts that a call names as assignees, or why they cannot be. */
function assigneesNamed(
  call: Call,
  repository: Repository,
): number[] | { unknown: string } | { blind: Account } {
  const { assignees, assignee } = call.body;
  const names = [
    ...(Array.isArray(assignees) ? assignees : []),
    ...(typeof assignee === 'string' && assignee !== '' ? [assignee] : []),
  ].map(String);
  const found: number[] = [];
  for (const name of names) {
    const account = accountByLogin(call.state, name);
    if (account === undefined) return { unknown: name };
    if (account.isOrganisation || !maySeePulls(call.state, repository, account)) return { blind: account };
    found.push(account.id);
  }
  return [...new Set(found)];
}

/** Makes these the assignees: who is not among them is none any more. Each that comes or goes is an event. */
function assign(call: Call, issue: Issue, wanted: readonly number[]): void {
  const by = call.account?.id ?? -1;
  const gone = issue.assignees.filter((id) => !wanted.includes(id));
  const come = wanted.filter((id) => !issue.assignees.includes(id));
  for (const account of gone)
    addEvent(call.state, issue, 'assignees', by, { assignee: { account, removed: true } });
  for (const account of come)
    addEvent(call.state, issue, 'assignees', by, { assignee: { account, removed: false } });
  issue.assignees = [...issue.assignees.filter((id) => wanted.includes(id)), ...come];
}

type Order = (a: Issue, b: Issue) => number;

const newest: Order = (a, b) => b.number - a.number;
const updated = (issue: Issue): number => Date.parse(issue.updated);
const comments = (issue: Issue): number => issue.timeline.filter(({ type }) => type === 'comment').length;

/** What `sort` knows. Nothing has a deadline here, so the two orders by deadline are the default's. */
const orders: Record<string, Order> = {
  oldest: (a, b) => a.number - b.number,
  recentupdate: (a, b) => updated(b) - updated(a) || newest(a, b),
  leastupdate: (a, b) => updated(a) - updated(b) || newest(a, b),
  mostcomment: (a, b) => comments(b) - comments(a) || newest(a, b),
  leastcomment: (a, b) => comments(a) - comments(b) || newest(a, b),
};

/**
 * The list with the forge's own habits: labels are AND-ed, unknown names are dropped and a filter of unknown names
 * alone vanishes; of two labels of one name both are asked for, also where one of them is the organisation's.
 */
function listIssues(call: Call, repository: Repository): Answer {
  const { query } = call;
  const path = `/repos/${fullName(call, repository)}/issues`;
  if (!repository.hasIssues) return paged(call, [], () => null, path, { link: true });
  const author = query.get('created_by');
  const account = author === null || author === '' ? undefined : accountByLogin(call.state, author);
  if (author !== null && author !== '' && account === undefined)
    return failure(call, 404, "The target couldn't be found.", [
      `user does not exist [uid: 0, name: ${author}]`,
    ]);
  const names = (query.get('labels') ?? '').split(',').filter((name) => name !== '');
  const shared = accountById(call.state, repository.owner)?.labels ?? [];
  const wanted = [...repository.labels, ...shared]
    .filter(({ name }) => names.includes(name))
    .map(({ id }) => id);
  const state = query.get('state') ?? 'open';
  const type = query.get('type') ?? '';
  const word = (query.get('q') ?? '').toLowerCase();
  const isWithin = within(call);
  if (typeof isWithin !== 'function') return isWithin;
  const found = repository.issues
    .filter((issue) => state === 'all' || issue.state === state)
    .filter((issue) => type === '' || (type === 'pulls') === (issue.pull !== null))
    .filter((issue) => account === undefined || issue.author === account.id)
    .filter((issue) => wanted.every((id) => issue.labels.includes(id)))
    .filter((issue) => word === '' || `${issue.title} ${issue.body}`.toLowerCase().includes(word))
    .filter((issue) => isWithin(issue.updated))
    .sort(orders[(query.get('sort') ?? '').toLowerCase()] ?? newest);
  return paged(call, found, (issue) => issueShape(call, repository, issue), path, { link: true });
}

function create(call: Call, repository: Repository): Answer {
  if (!repository.hasIssues) return notFound(call);
  if (repository.archived) return archived(call, repository);
  if (call.account === null) return failure(call, 401, 'token is required');
  const labels = Array.isArray(call.body.labels) ? call.body.labels : [];
  if (labels.some((item) => typeof item !== 'number'))
    return failure(
      call,
      422,
      '[]: json: cannot unmarshal number " into Go struct field CreateIssueOption.Labels of type int64',
    );
  if (text(call.body.title) === '') return failure(call, 422, '[Title]: Required');
  if (isBlocked(call.state, [repository.owner], call.account)) return blockedHere(call);
  const may = mayTend(call.state, repository, call.account, 'issues');
  const assignees = may ? assigneesNamed(call, repository) : [];
  if ('unknown' in assignees)
    return failure(
      call,
      422,
      `Assignee does not exist: [name: user does not exist [uid: 0, name: ${assignees.unknown}]]`,
    );
  if ('blind' in assignees)
    return failure(
      call,
      422,
      `user doesn't have access to repo [user_id: ${assignees.blind.id}, repo_name: ${repository.name}]`,
    );
  const issue = addIssue(call, repository, {
    assignees,
    title: cutTitle(text(call.body.title)),
    body: text(call.body.body),
    // Without the right to set them they are dropped, and the answer is 201 all the same.
    labels: may ? withoutExcluded(call, repository, knownLabelIds(call, repository, labels)) : [],
    pull: null,
  });
  return { status: 201, body: issueShape(call, repository, issue) };
}

function edit(call: Call, repository: Repository): Answer {
  const issue = repository.hasIssues ? findIssue(repository, call.params.index) : undefined;
  if (issue === undefined) return notFound(call);
  const may = mayTend(call.state, repository, call.account, unitOf(issue));
  if (!may && issue.author !== call.account?.id) return { status: 403 };
  const { title, body, state } = call.body;
  // Of who is blocked the forge says so when they comment; here it breaks instead.
  const changes = [title, state].some((item) => item !== undefined);
  if (changes && isBlocked(call.state, [issue.author, repository.owner], call.account))
    return failure(call, 500, '');
  const assignees = may ? assigneesNamed(call, repository) : [];
  // Of what it would have refused with a new issue the forge says nothing here: it breaks.
  if (!Array.isArray(assignees)) return failure(call, 500, '');
  if (may && (call.body.assignees !== undefined || call.body.assignee !== undefined))
    assign(call, issue, assignees);
  if (typeof title === 'string' && title !== '') issue.title = cutTitle(text(title));
  if (typeof body === 'string') issue.body = text(body);
  if (title !== undefined || body !== undefined) issue.updated = timestamp(call.state);
  if ((state === 'open' || state === 'closed') && !setState(call, issue, state))
    return failure(call, 412, 'cannot close this issue because it still has open dependencies');
  return { status: 201, body: issueShape(call, repository, issue) };
}

export const issueRoutes: Route[] = [
  { method: 'GET', route: '/repos/{owner}/{repo}/issues', scope: 'issue', handle: listIssues },
  { method: 'POST', route: '/repos/{owner}/{repo}/issues', scope: 'issue', handle: create },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/issues/{index}',
    scope: 'issue',
    handle: (call, repository) => {
      const issue = repository.hasIssues ? findIssue(repository, call.params.index) : undefined;
      return issue === undefined ? notFound(call) : ok(issueShape(call, repository, issue));
    },
  },
  { method: 'PATCH', route: '/repos/{owner}/{repo}/issues/{index}', scope: 'issue', handle: edit },
  {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/issues/{index}',
    scope: 'issue',
    handle: (call, repository) => {
      const issue = findIssue(repository, call.params.index);
      if (issue === undefined) return notFound(call);
      const access = accessOf(call.state, repository, call.account);
      if (access !== 'owner' && access !== 'admin')
        return failure(
          call,
          403,
          'user should be an owner or a collaborator with admin write of a repository',
        );
      repository.issues = repository.issues.filter((item) => item !== issue);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/issues/{index}/timeline',
    scope: 'issue',
    handle: (call, repository) => {
      const issue = findIssue(repository, call.params.index);
      if (issue === undefined) return notFound(call);
      const isWithin = within(call);
      if (typeof isWithin !== 'function') return isWithin;
      const events = issue.timeline.filter((item) => isWithin(item.updated));
      const answer = paged(call, events, (item) => timelineShape(call, repository, issue, item), '', {
        allWithoutPage: true,
        count: 'shown',
      });
      // No list, where there is nothing to show.
      return Array.isArray(answer.body) && answer.body.length === 0 ? { ...answer, body: null } : answer;
    },
  },
];
