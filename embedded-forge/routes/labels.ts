import { type Answer, type Call, failure, notFound, ok, paged, type Route, text } from '../route.ts';
import { fullName, issueLabels, labelShape } from '../shapes.ts';
import {
  accountById,
  addEvent,
  type Issue,
  type Label,
  mayTend,
  nextId,
  type Repository,
  timestamp,
  unitOf,
} from '../state.ts';

/** Labels that an issue of the repository can carry: its own and its organisation's. */
function usable(call: Call, repository: Repository): Label[] {
  return [...repository.labels, ...(accountById(call.state, repository.owner)?.labels ?? [])];
}

/** Ids that exist; unknown ones are dropped without a word, as the forge does. */
export function knownLabelIds(call: Call, repository: Repository, ids: unknown[]): number[] {
  return usable(call, repository)
    .filter(({ id }) => ids.includes(id))
    .map(({ id }) => id);
}

/** Of exclusive labels of one scope only the last is kept, and nothing is said of the others. */
export function withoutExcluded(call: Call, repository: Repository, ids: number[]): number[] {
  const labels = usable(call, repository);
  const scopeOf = (id: number): string | undefined => {
    const label = labels.find((item) => item.id === id);
    const slash = label?.name.lastIndexOf('/') ?? -1;
    return label?.exclusive === true && slash > 0 ? label.name.slice(0, slash) : undefined;
  };
  return ids.filter((id, index) => {
    const scope = scopeOf(id);
    return scope === undefined || !ids.slice(index + 1).some((later) => scopeOf(later) === scope);
  });
}

function setLabels(call: Call, issue: Issue, ids: number[]): void {
  const changed = [
    ...ids.filter((id) => !issue.labels.includes(id)),
    ...issue.labels.filter((id) => !ids.includes(id)),
  ];
  for (const label of changed)
    addEvent(call.state, issue, 'label', call.account?.id ?? 0, {
      body: ids.includes(label) ? '1' : '',
      label,
    });
  if (changed.length > 0) issue.updated = timestamp(call.state);
  issue.labels = ids;
}

/** The ids that a body names, by id or by name but never both; an unknown name is ignored. */
function named(call: Call, repository: Repository): number[] | Answer {
  const given = Array.isArray(call.body.labels) ? call.body.labels : [];
  const numbers = given.every((item) => typeof item === 'number');
  if (!numbers && !given.every((item) => typeof item === 'string'))
    return failure(call, 400, 'labels should be an array of strings or integers');
  if (numbers) return knownLabelIds(call, repository, given);
  return usable(call, repository)
    .filter(({ name }) => given.includes(name))
    .map(({ id }) => id);
}

type OnIssue = (call: Call, repository: Repository, issue: Issue) => Answer;

function onIssue(work: OnIssue): Route['handle'] {
  return (call, repository) => {
    const issue = repository.issues.find(({ number }) => String(number) === call.params.index);
    if (issue === undefined || !repository.hasIssues) return notFound(call);
    return work(call, repository, issue);
  };
}

/** A write needs write access; without it the forge answers 403 and an empty body. It does not ask whether the repository is archived. */
function writing(work: OnIssue): Route['handle'] {
  return onIssue((call, repository, issue) => {
    return mayTend(call.state, repository, call.account, unitOf(issue))
      ? work(call, repository, issue)
      : { status: 403 };
  });
}

function withNamed(choose: (issue: Issue, ids: number[]) => number[]): Route['handle'] {
  return writing((call, repository, issue) => {
    const ids = named(call, repository);
    if (!Array.isArray(ids)) return ids;
    setLabels(call, issue, withoutExcluded(call, repository, choose(issue, ids)));
    return ok(issueLabels(call, repository, issue));
  });
}

/** Whether who asks may label anything here. */
function mayTendAny(call: Call, repository: Repository): boolean {
  return (['issues', 'pulls'] as const).some((unit) => mayTend(call.state, repository, call.account, unit));
}

export const labelRoutes: Route[] = [
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/labels',
    scope: 'issue',
    handle: (call, repository) => {
      const sorted = [...repository.labels].sort((a, b) =>
        a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id,
      );
      return paged(
        call,
        sorted,
        (label) => labelShape(call, label, `repos/${fullName(call, repository)}`),
        '',
        { allWithoutPage: true },
      );
    },
  },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/labels',
    scope: 'issue',
    handle: (call, repository) => {
      if (!mayTendAny(call, repository))
        return failure(call, 403, 'user should have a permission to write to a repo');
      if (text(call.body.name) === '') return failure(call, 422, '[Name]: Required');
      if (text(call.body.color) === '') return failure(call, 422, '[Color]: Required');
      if (!/^#?[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$/.test(text(call.body.color)))
        return failure(call, 422, 'invalid color');
      // A second label of the same name is taken like the first.
      const label = {
        id: nextId(call.state, 'label'),
        name: text(call.body.name),
        color: text(call.body.color).replace(/^#/, ''),
        description: text(call.body.description),
        exclusive: call.body.exclusive === true,
      };
      repository.labels.push(label);
      return { status: 201, body: labelShape(call, label, `repos/${fullName(call, repository)}`) };
    },
  },
  {
    method: 'PATCH',
    route: '/repos/{owner}/{repo}/labels/{id}',
    scope: 'issue',
    handle: (call, repository) => {
      if (!mayTendAny(call, repository)) return { status: 403 };
      const label = repository.labels.find(({ id }) => String(id) === call.params.id);
      if (label === undefined) return notFound(call);
      if (typeof call.body.name === 'string') label.name = call.body.name;
      if (typeof call.body.exclusive === 'boolean') label.exclusive = call.body.exclusive;
      return ok(labelShape(call, label, `repos/${fullName(call, repository)}`));
    },
  },
  {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/labels/{id}',
    scope: 'issue',
    handle: (call, repository) => {
      if (!mayTendAny(call, repository)) return { status: 403 };
      repository.labels = repository.labels.filter(({ id }) => String(id) !== call.params.id);
      for (const issue of repository.issues)
        issue.labels = issue.labels.filter((id) => String(id) !== call.params.id);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/issues/{index}/labels',
    scope: 'issue',
    handle: onIssue((call, repository, issue) => ok(issueLabels(call, repository, issue))),
  },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/issues/{index}/labels',
    scope: 'issue',
    handle: withNamed((issue, ids) => [...new Set([...issue.labels, ...ids])]),
  },
  {
    method: 'PUT',
    route: '/repos/{owner}/{repo}/issues/{index}/labels',
    scope: 'issue',
    handle: withNamed((_, ids) => ids),
  },
  {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/issues/{index}/labels/{id}',
    scope: 'issue',
    handle: writing((call, repository, issue) => {
      const label = usable(call, repository).find(({ id, name }) =>
        [String(id), name].includes(call.params.id ?? ''),
      );
      if (label === undefined)
        return failure(call, 422, `label does not exist [label_id: ${call.params.id}]`);
      setLabels(
        call,
        issue,
        issue.labels.filter((id) => id !== label.id),
      );
      return { status: 204 };
    }),
  },
];
