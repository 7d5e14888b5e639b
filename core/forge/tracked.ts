import * as z from 'zod/mini';
import { ifThere } from '../api/errors.ts';
import { repositoryName, type Send } from '../api/send.ts';
import { call, list, page, pageSize } from './call.ts';
import { label } from './labels.ts';
import { user } from './users.ts';

// Issues and pull requests in one list, as what is followed: how each is, and since when.

const tracked = z.object({
  number: z.int(),
  title: z.string(),
  body: z.nullish(z.string()),
  state: z.enum(['open', 'closed']),
  /** `null` where the account is gone. */
  user: z.nullish(user),
  labels: z.pipe(
    z.nullish(z.array(label)),
    z.transform((labels: z.infer<typeof label>[] | null | undefined) =>
      (labels ?? []).map(({ name }) => name),
    ),
  ),
  created_at: z.string(),
  updated_at: z.string(),
  closed_at: z.nullish(z.string()),
  /** Set when it is a pull request. */
  pull_request: z.nullish(z.object({ merged: z.nullish(z.boolean()), merged_at: z.nullish(z.string()) })),
});
export type Tracked = z.infer<typeof tracked>;

const route = '/repos/{owner}/{repo}/issues';

/** An issue or pull request, or undefined where there is none of that number. `GET /repos/{owner}/{repo}/issues/{index}`, scope read:issue. */
function findTracked(send: Send, name: string, index: number): Promise<Tracked | undefined> {
  return ifThere(
    call(
      send,
      { method: 'GET', route: `${route}/{index}`, params: { ...repositoryName(name), index } },
      tracked,
    ),
  );
}

/**
 * Issues and pull requests by their numbers; a number that is not in the answer is one that the forge does not have. As many calls
 * as pages of the whole list or as numbers, whichever is less: so a long list costs no more than what is asked for.
 *
 * `GET /repos/{owner}/{repo}/issues` and `GET /repos/{owner}/{repo}/issues/{index}`, scope read:issue. With issues switched off both
 * say that there is none: ask the repository for `has_issues` first.
 */
export async function readTracked(
  send: Send,
  name: string,
  numbers: readonly number[],
): Promise<Map<number, Tracked>> {
  const found = new Map<number, Tracked>();
  if (numbers.length === 0) return found;
  const nth = (number: number): Promise<{ items: Tracked[]; total: number | undefined }> =>
    page(
      send,
      {
        method: 'GET',
        route,
        params: { ...repositoryName(name), state: 'all', page: number, limit: pageSize },
      },
      z.array(tracked),
    );
  const first = await nth(1);
  const size = Math.max(first.items.length, 1);
  const pages = first.total === undefined ? Number.POSITIVE_INFINITY : Math.ceil(first.total / size);
  for (const item of first.items) found.set(item.number, item);
  const left = numbers.filter((number) => !found.has(number));
  if (pages - 1 < left.length) {
    const others = await Promise.all(
      Array.from({ length: Math.max(pages - 1, 0) }, (_, index) => nth(index + 2)),
    );
    for (const item of others.flatMap(({ items }) => items)) found.set(item.number, item);
  }
  // Also what a list that grew while it was read has pushed out of sight.
  const still = numbers.filter((number) => !found.has(number));
  for (const item of await Promise.all(still.map((number) => findTracked(send, name, number))))
    if (item !== undefined) found.set(item.number, item);
  const wanted = new Set(numbers);
  return new Map([...found].filter(([number]) => wanted.has(number)));
}

/**
 * Issues and pull requests that anything happened to since a moment (ISO 8601), complete: comments, labels, reviews and closings are
 * all told by the time of the last change. `GET /repos/{owner}/{repo}/issues?since=`, scope read:issue.
 */
export function trackedSince(send: Send, name: string, since: string): Promise<Tracked[]> {
  return list(
    send,
    { method: 'GET', route, params: { ...repositoryName(name), state: 'all', since } },
    tracked,
    ({ number }) => number,
  );
}
