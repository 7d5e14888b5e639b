import { type Answer, type Call, failure, notFound, ok, paged, type Route, text, within } from '../route.ts';
import { commentShape } from '../shapes.ts';
import {
  accessOf,
  addEvent,
  type Issue,
  isBlocked,
  mayAdmin,
  mayTend,
  type Repository,
  type TimelineItem,
  timestamp,
  unitOf,
} from '../state.ts';
import { blockedHere, findIssue, noSuchIssue } from './issues.ts';
import { archived } from './repositories.ts';

/** What has a text of its own that can be edited: what a review says as well, and comments on lines. */
const withText = new Set<TimelineItem['type']>(['comment', 'code', 'review', 'dismiss_review']);

/** The comment that a route names, with the issue it is on. */
export function findComment(
  call: Call,
  repository: Repository,
): { issue: Issue; comment: TimelineItem } | undefined {
  for (const issue of repository.issues) {
    const onLines = (issue.pull?.reviews ?? []).flatMap(({ comments }) => comments.map(({ item }) => item));
    const comment = [...issue.timeline, ...onLines].find(
      ({ type, id }) => withText.has(type) && String(id) === call.params.id,
    );
    if (comment !== undefined) return { issue, comment };
  }
  return undefined;
}

/** A comment may be changed by its author and by whoever may write. */
function onComment(
  work: (call: Call, repository: Repository, found: { issue: Issue; comment: TimelineItem }) => Answer,
): Route['handle'] {
  return (call, repository) => {
    const found = findComment(call, repository);
    if (found === undefined) return notFound(call);
    const may =
      found.comment.author === call.account?.id ||
      mayTend(call.state, repository, call.account, unitOf(found.issue));
    return may ? work(call, repository, found) : { status: 403 };
  };
}

export const commentRoutes: Route[] = [
  {
    // Never paged: the real route passes no page on.
    method: 'GET',
    route: '/repos/{owner}/{repo}/issues/{index}/comments',
    scope: 'issue',
    handle: (call, repository) => {
      const issue = findIssue(repository, call.params.index);
      if (issue === undefined) return noSuchIssue(call, repository, call.params.index);
      const isWithin = within(call);
      if (typeof isWithin !== 'function') return isWithin;
      const comments = issue.timeline.filter(({ type, updated }) => type === 'comment' && isWithin(updated));
      return ok(
        comments.map((comment) => commentShape(call, repository, issue, comment)),
        { 'x-total-count': String(comments.length) },
      );
    },
  },
  {
    method: 'POST',
    route: '/repos/{owner}/{repo}/issues/{index}/comments',
    scope: 'issue',
    handle: (call, repository) => {
      const issue = findIssue(repository, call.params.index);
      if (issue === undefined) return noSuchIssue(call, repository, call.params.index);
      if (repository.archived) return archived(call, repository);
      if (call.account === null) return failure(call, 401, 'token is required');
      if (text(call.body.body) === '') return failure(call, 422, '[Body]: Required');
      if (isBlocked(call.state, [issue.author, repository.owner], call.account)) return blockedHere(call);
      const comment = addEvent(call.state, issue, 'comment', call.account.id, {
        body: text(call.body.body),
      });
      return { status: 201, body: commentShape(call, repository, issue, comment) };
    },
  },
  {
    // Of all issues and pull requests, oldest first, in pages.
    method: 'GET',
    route: '/repos/{owner}/{repo}/issues/comments',
    scope: 'issue',
    handle: (call, repository) => {
      const isWithin = within(call);
      if (typeof isWithin !== 'function') return isWithin;
      const found = repository.issues
        .flatMap((issue) => issue.timeline.map((comment) => ({ issue, comment })))
        .filter(({ comment }) => comment.type === 'comment' && isWithin(comment.updated))
        .sort((one, other) => one.comment.id - other.comment.id);
      return paged(
        call,
        found,
        ({ issue, comment }) => commentShape(call, repository, issue, comment),
        '/repos/{owner}/{repo}/issues/comments',
      );
    },
  },
  {
    method: 'GET',
    route: '/repos/{owner}/{repo}/issues/comments/{id}',
    scope: 'issue',
    handle: (call, repository) => {
      const found = findComment(call, repository);
      return found === undefined
        ? notFound(call)
        : ok(commentShape(call, repository, found.issue, found.comment));
    },
  },
  {
    method: 'PATCH',
    route: '/repos/{owner}/{repo}/issues/comments/{id}',
    scope: 'issue',
    handle: onComment((call, repository, { issue, comment }) => {
      if (repository.archived) return archived(call, repository);
      const given = text(call.body.updated_at);
      // Seen on a real forge: whoever administers the repository says when it was edited.
      if (given !== '' && !mayAdmin(accessOf(call.state, repository, call.account)))
        return failure(call, 403, 'user needs to have admin or repository owner right to set an update date');
      comment.body = text(call.body.body);
      comment.updated = given === '' ? timestamp(call.state) : given;
      return ok(commentShape(call, repository, issue, comment));
    }),
  },
  {
    method: 'DELETE',
    route: '/repos/{owner}/{repo}/issues/comments/{id}',
    scope: 'issue',
    handle: onComment((_, __, { issue, comment }) => {
      // Anything else stays, and the answer is the same.
      if (comment.type !== 'comment') return { status: 204 };
      issue.timeline = issue.timeline.filter((item) => item !== comment);
      return { status: 204 };
    }),
  },
];
