import { type Answer, type Call, failure, notFound, paged, type Route } from '../route.ts';
import { issueShape } from '../shapes.ts';
import { findRepository, type Issue, mayTend, type Repository, unitOf } from '../state.ts';
import { findIssue, noSuchIssue } from './issues.ts';
import { archived } from './repositories.ts';

type Link = Issue['dependsOn'][number];

function issueAt(call: Call, link: Link): { repository: Repository; issue: Issue } | undefined {
  const repository = call.state.repositories.find(({ id }) => id === link.repository);
  const issue = repository?.issues.find(({ number }) => number === link.number);
  return repository === undefined || issue === undefined ? undefined : { repository, issue };
}

/** Both ends of a dependency, or why it cannot be spoken of. */
function ends(call: Call, repository: Repository): { issue: Issue; link: Link } | Answer {
  if (!repository.dependencies || !repository.hasIssues) return notFound(call);
  if (repository.archived) return archived(call, repository);
  const issue = findIssue(repository, call.params.index);
  if (issue === undefined) return noSuchIssue(call, repository, call.params.index);
  const { owner, repo, index } = call.body;
  const other = findRepository(call.state, String(owner ?? ''), String(repo ?? ''));
  if (other === undefined) return notFound(call);
  if (other.issues.every(({ number }) => number !== index)) return noSuchIssue(call, other, index);
  if (!mayTend(call.state, repository, call.account, unitOf(issue))) return notFound(call);
  return { issue, link: { repository: other.id, number: Number(index) } };
}

const same = (one: Link) => (other: Link) =>
  one.repository === other.repository && one.number === other.number;

export const dependencyRoutes: Route[] = [
  {
    // Paged, and without a count.
    method: 'GET',
    route: '/repos/{owner}/{repo}/issues/{index}/dependencies',
    scope: 'issue',
    handle: (call, repository) => {
      const issue = findIssue(repository, call.params.index);
      if (issue === undefined || !repository.dependencies) return notFound(call);
      const found = issue.dependsOn.flatMap((link) => issueAt(call, link) ?? []);
      return paged(call, found, (item) => issueShape(call, item.repository, item.issue), '', {
        count: false,
      });
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/issues/{index}/blocks',
    scope: 'issue',
    handle: (call, repository) => {
      const issue = findIssue(repository, call.params.index);
      if (issue === undefined || !repository.dependencies) return notFound(call);
      const own = { repository: repository.id, number: issue.number };
      const found = call.state.repositories.flatMap((other) =>
        other.issues
          .filter((item) => item.dependsOn.some(same(own)))
          .map((item) => ({ repository: other, issue: item })),
      );
      // The forge lists the one that was linked last first.
      found.sort((a, b) => b.issue.number - a.issue.number);
      return paged(call, found, (item) => issueShape(call, item.repository, item.issue), '', {
        count: false,
      });
    },
  },
  {
    // An existing one and a circle are both 500 without a message; one on itself is taken.
    method: 'POST',
    route: '/repos/{owner}/{repo}/issues/{index}/dependencies',
    scope: 'issue',
    handle: (call, repository) => {
      const found = ends(call, repository);
      if (!('issue' in found)) return found;
      const { issue, link } = found;
      const own = { repository: repository.id, number: issue.number };
      const back = issueAt(call, link)?.issue.dependsOn.some(same(own)) === true && !same(own)(link);
      if (issue.dependsOn.some(same(link)) || back) return failure(call, 500, '');
      issue.dependsOn.push(link);
      return { status: 201, body: issueShape(call, repository, issue) };
    },
  },
  {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/issues/{index}/dependencies',
    scope: 'issue',
    handle: (call, repository) => {
      const found = ends(call, repository);
      if (!('issue' in found)) return found;
      // One that is not there is a 500 as well.
      if (!found.issue.dependsOn.some(same(found.link))) return failure(call, 500, '');
      found.issue.dependsOn = found.issue.dependsOn.filter((link) => !same(found.link)(link));
      return { status: 201, body: issueShape(call, repository, found.issue) };
    },
  },
];
