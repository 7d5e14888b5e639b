import { type Answer, type Call, failure, notFound, ok, type Route, text } from '../route.ts';
import { userShape } from '../shapes.ts';
import { accountById, type Repository, type TimelineItem, timestamp } from '../state.ts';
import { findComment } from './comments.ts';

/** As a forge allows them when nobody says otherwise. */
const allowed = ['+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes'];

type Reaction = NonNullable<TimelineItem['reactions']>[number];

function shapeOf(call: Call, { by, content, created }: Reaction): unknown {
  return { user: userShape(call, accountById(call.state, by)), content, created_at: created };
}

function onComment(
  work: (call: Call, comment: TimelineItem) => Answer,
): (call: Call, repository: Repository) => Answer {
  return (call, repository) => {
    const found = findComment(call, repository);
    return found === undefined ? notFound(call) : work(call, found.comment);
  };
}

/** By anybody who may read, on any comment; whoever is not known is sent away. */
function byAccount(
  work: (call: Call, comment: TimelineItem, given: { by: number; content: string }) => Answer,
): (call: Call, repository: Repository) => Answer {
  return onComment((call, comment) => {
    const content = text(call.body.content);
    if (call.account === null) return failure(call, 401, 'token is required');
    if (!allowed.includes(content)) return failure(call, 403, `'${content}' is not an allowed reaction`);
    return work(call, comment, { by: call.account.id, content });
  });
}

const route = '/repos/{owner}/{repo}/issues/comments/{id}/reactions';

export const reactionRoutes: Route[] = [
  {
    // Never paged, and `null` where there are none.
    method: 'GET',
    route,
    scope: 'issue',
    handle: onComment((call, { reactions = [] }) =>
      ok(reactions.length === 0 ? null : reactions.map((item) => shapeOf(call, item))),
    ),
  },
  {
    method: 'POST',
    route,
    scope: 'issue',
    handle: byAccount((call, comment, { by, content }) => {
      comment.reactions ??= [];
      // Seen on a real forge: the same again is its own fault, and not the caller's.
      if (comment.reactions.some((item) => item.by === by && item.content === content))
        return failure(call, 500, '');
      const reaction = { by, content, created: timestamp(call.state) };
      comment.reactions.push(reaction);
      return { status: 201, body: shapeOf(call, reaction) };
    }),
  },
  {
    // What is not there is taken back all the same.
    method: 'DELETE',
    route,
    scope: 'issue',
    handle: byAccount((_, comment, { by, content }) => {
      comment.reactions = comment.reactions?.filter((item) => item.by !== by || item.content !== content);
      return ok(null);
    }),
  },
];
