import * as z from 'zod/mini';
import { repositoryName, type Send } from '../api/send.ts';
import { call } from './call.ts';
import type { Comment } from './comments.ts';
import { type User, user } from './users.ts';

const event = z.object({
  id: z.int(),
  type: z.string(),
  user: z.nullish(user),
  created_at: z.string(),
  updated_at: z.nullish(z.string()),
  /** Of a label's event: `1` where it was set, empty where it was taken away. */
  body: z.nullish(z.string()),
  label: z.nullish(z.object({ name: z.string() })),
  review_id: z.nullish(z.int()),
});

/** What was said and done on an issue or pull request. */
export interface Conversation {
  /** As `listComments` gives them. */
  comments: Comment[];
  closings: { id: number; at: string }[];
  /** See `retargetedAt`. */
  retargetedAt: string | null;
  /** Whether somebody ever reviewed it: what a review says stands in `listReviews` alone. */
  isReviewed: boolean;
  /** What reviews say now: an edit shows nowhere else. */
  reviewTexts: { review: number; body: string }[];
  /** Of every label that was ever set or taken off, the last time that was done. */
  labels: { name: string; isSet: boolean; by: User | null; at: string }[];
}

/** Comments, closings and whether there are reviews, in one call. Same route and scope as `closings`. */
export async function readConversation(send: Send, name: string, index: number): Promise<Conversation> {
  const events = await timelineOf(send, name, index);
  return {
    comments: events
      .filter(({ type }) => type === 'comment')
      .map(({ id, body, user: by, created_at, updated_at }) => ({
        id,
        body: body ?? '',
        user: by,
        created_at,
        updated_at: updated_at ?? '',
      })),
    closings: closingsIn(events),
    retargetedAt: lastRetarget(events),
    isReviewed: events.some(({ type }) => type === 'review' || type === 'dismiss_review'),
    reviewTexts: events.flatMap(({ type, review_id: review, body }) =>
      type === 'review' && review != null ? [{ review, body: body ?? '' }] : [],
    ),
    labels: labellingsIn(events),
  };
}

function labellingsIn(events: z.infer<typeof event>[]): Conversation['labels'] {
  const last = new Map<string, Conversation['labels'][number]>();
  for (const { type, label, body, user: by, created_at: at } of events)
    if (type === 'label' && label != null)
      last.set(label.name, { name: label.name, isSet: body === '1', by: by ?? null, at });
  return [...last.values()];
}

/** Something that happened to an issue's state or labels. */
export type StateEvent =
  | { kind: 'closed' | 'reopened'; at: string }
  | { kind: 'labelled' | 'unlabelled'; at: string; label: string };

/** What happened to an issue's state and labels, oldest first; labels that are gone by now are left out. Same route and scope. */
export async function stateEvents(send: Send, name: string, index: number): Promise<StateEvent[]> {
  return (await timelineOf(send, name, index)).flatMap(
    ({ type, created_at: at, body, label }): StateEvent[] => {
      if (type === 'close' || type === 'reopen')
        return [{ kind: type === 'close' ? 'closed' : 'reopened', at }];
      return type === 'label' && label != null
        ? [{ kind: body === '1' ? 'labelled' : 'unlabelled', at, label: label.name }]
        : [];
    },
  );
}

function closingsIn(events: z.infer<typeof event>[]): { id: number; at: string }[] {
  return events.flatMap(({ id, type, created_at }) => (type === 'close' ? [{ id, at: created_at }] : []));
}

/**
 * Every time an issue was closed, oldest first; comments and events share one row of ids. Without `page` this route gives
 * everything. `GET /repos/{owner}/{repo}/issues/{index}/timeline`, scope read:issue.
 */
async function closings(send: Send, name: string, index: number): Promise<{ id: number; at: string }[]> {
  return closingsIn(await timelineOf(send, name, index));
}

/** Whether an issue was closed at some time after a comment on it. Same route and scope. */
export async function closedAfterComment(
  send: Send,
  name: string,
  index: number,
  comment: { id: number },
): Promise<boolean> {
  return (await closings(send, name, index)).some(({ id }) => id > comment.id);
}

/**
 * Who last set a label that an issue or pull request has now; undefined where it is not set, nobody can be named, or
 * commits were pushed since.
 * Same route and scope.
 */
export async function lastLabelling(
  send: Send,
  name: string,
  index: number,
  label: string,
): Promise<User | undefined> {
  const events = await timelineOf(send, name, index);
  const last = events.filter((item) => item.type === 'label' && item.label?.name === label).at(-1);
  // What was pushed since is not what was said yes to.
  const isOlder = events.some(({ id, type }) => type === 'pull_push' && id > (last?.id ?? 0));
  return last?.body === '1' && !isOlder ? (last.user ?? undefined) : undefined;
}

/**
 * When a pull request was last pointed at another branch (ISO 8601), or `null`. The forge keeps reviews of before, and
 * calls them neither stale nor dismissed. Same route and scope.
 */
export async function retargetedAt(send: Send, name: string, index: number): Promise<string | null> {
  return lastRetarget(await timelineOf(send, name, index));
}

function lastRetarget(events: z.infer<typeof event>[]): string | null {
  return events.filter(({ type }) => type === 'change_target_branch').at(-1)?.created_at ?? null;
}

async function timelineOf(send: Send, name: string, index: number): Promise<z.infer<typeof event>[]> {
  const events = await call(
    send,
    {
      method: 'GET',
      route: '/repos/{owner}/{repo}/issues/{index}/timeline',
      params: { ...repositoryName(name), index },
    },
    // `null` where nothing has happened yet.
    z.nullable(z.array(event)),
  );
  return events ?? [];
}

/**
 * Who set, last of all, a label of this kind that is still there; undefined where there is none, or where its account is gone. Same
 * route and scope.
 */
export async function lastOfLabels(
  send: Send,
  name: string,
  index: number,
  isMeant: (label: string) => boolean,
): Promise<User | undefined> {
  const events = (await timelineOf(send, name, index)).filter(
    (item) => item.type === 'label' && item.label != null && isMeant(item.label.name),
  );
  const standing = new Map<string, User | undefined>();
  for (const { label, body, user: by } of events) {
    standing.delete(label?.name ?? '');
    if (body === '1') standing.set(label?.name ?? '', by ?? undefined);
  }
  return [...standing.values()].at(-1);
}
