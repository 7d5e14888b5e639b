import * as z from 'zod/mini';
import { ApiError } from './errors.ts';
import { pageTitle } from './intermediary.ts';
import { type ApiRequest, type ApiResponse, describeRequest, type Send } from './send.ts';

/** The largest page a server is asked for; it may cap it lower without saying so. */
export const pageSize = 50;

/** How often a list is read again when it changes under our hands. */
export const listAttempts = 3;

/** How many pages of one list are asked for together: as many as there are connections. */
const mostPages = 8;

/** What an answer that is no success means on one kind of server. */
type ErrorOf = (request: ApiRequest, response: ApiResponse) => ApiError;

/** An answer with a part of a list. */
interface Page<T> {
  items: T[];
  /** How many the server counts in all, where it says so. */
  total: number | undefined;
}

/** For answers whose body is of no interest. */
export const anything = z.unknown();

const usualRemedy =
  'This is not how Forgejo answers: check that forge-url is a Forgejo or Gitea, and not a login page or a proxy.';

/**
 * The two ways to ask one kind of server: for one thing, and for a whole list. `unlike`: what to do about an answer that is none
 * of its own.
 */
export function createCalls(errorOf: ErrorOf, unlike = usualRemedy) {
  /** A call whose answer must be a success, checked against the fields that the caller uses. */
  async function call<T>(send: Send, request: ApiRequest, schema: z.ZodMiniType<T>): Promise<T> {
    const response = await send(request);
    if (response.status < 200 || response.status > 299) throw errorOf(request, response);
    return shaped(request, response, schema, unlike);
  }

  /** An answer with a list, and how many items the server counts in all, where it says so. */
  async function page<T>(send: Send, request: ApiRequest, schema: z.ZodMiniType<T[]>): Promise<Page<T>> {
    const response = await send(request);
    if (response.status < 200 || response.status > 299) throw errorOf(request, response);
    const header = response.headers['x-total-count'];
    const total = header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
    return { items: shaped(request, response, schema, unlike), total };
  }

  /**
   * A list, whole or not at all. It is complete when the server's `X-Total-Count` says so, or, where a server sends
   * none, when a page comes back empty. Servers cap the page size silently (`MAX_RESPONSE_ITEMS`), so a short page
   * proves nothing. Items are told apart by `identity`, because a list that grows while it is read shifts its pages; and every
   * page has to bring the same count, because one that shrinks shifts them the other way.
   * `enough` ends a list without a count early, for callers who only ask whether something is in it.
   *
   * Throws `incomplete` when the pages and their counts still disagree after three readings, or when there is no count and a page
   * comes twice.
   */
  async function list<T>(
    send: Send,
    request: ApiRequest,
    schema: z.ZodMiniType<T>,
    identity: (item: T) => number | string,
    enough: (items: T[]) => boolean = () => false,
  ): Promise<T[]> {
    const pages = z.array(schema);
    const nth = (number: number): Promise<Page<T>> =>
      page(send, { ...request, params: { ...request.params, page: number, limit: pageSize } }, pages);

    let seen = 0;
    let counted: number | undefined = 0;
    for (let attempt = 1; attempt <= listAttempts; attempt += 1) {
      const first = await nth(1);
      if (first.total === undefined) return readUncounted(request, first, nth, { identity, enough });
      const read = [first, ...(await pagesBehind(first, nth, identity))];
      const items = new Map(read.flatMap((one) => one.items.map((item) => [identity(item), item])));
      const total = read.at(-1)?.total;
      // Where one was taken out, the next one moved up onto a page that was read before, and the numbers agree all the same.
      const isStill = read.every((one) => one.total === total);
      if (isStill && items.size === total) return [...items.values()];
      seen = items.size;
      counted = total;
    }
    throw incomplete(
      request,
      seen === counted
        ? `was counted differently on each of its pages, ${listAttempts} times`
        : `gave ${seen} items although the forge counts ${counted}`,
    );
  }

  return { call, page, list };
}

/** A list that its server does not count: page after page, up to an empty one or to what is enough. */
async function readUncounted<T>(
  request: ApiRequest,
  first: Page<T>,
  nth: (number: number) => Promise<Page<T>>,
  { identity, enough }: { identity: (item: T) => number | string; enough: (items: T[]) => boolean },
): Promise<T[]> {
  const items = new Map(first.items.map((item) => [identity(item), item]));
  let last = first.items;
  for (let number = 2; last.length > 0 && !enough([...items.values()]); number += 1) {
    const before = items.size;
    last = (await nth(number)).items;
    for (const item of last) items.set(identity(item), item);
    // It would never end: something in between gives one page for whichever is asked for, and leaves out who knows what.
    if (last.length > 0 && items.size === before)
      throw incomplete(request, `gave page ${number} with nothing in it that was not on the others`);
  }
  return [...items.values()];
}

/**
 * The pages behind the first, in their order. The first one shows the size that the server really gives, so they can be asked
 * for together. A count may be anything, so it is a few at a time, and nothing is looked for behind a page that holds nothing new.
 */
async function pagesBehind<T>(
  { items, total = 0 }: Page<T>,
  nth: (number: number) => Promise<Page<T>>,
  identity: (item: T) => number | string,
): Promise<Page<T>[]> {
  const count = items.length === 0 ? 1 : Math.ceil(total / items.length);
  const known = new Set(items.map(identity));
  const found: Page<T>[] = [];
  let asked = 1;
  let isOver = false;
  const ask = async (): Promise<void> => {
    while (asked < count && !isOver) {
      asked += 1;
      const number = asked;
      const page = await nth(number).catch((error: unknown) => {
        isOver = true;
        throw error;
      });
      found[number - 2] = page;
      const before = known.size;
      for (const item of page.items) known.add(identity(item));
      isOver ||= known.size === before;
    }
  };
  await Promise.all(Array.from({ length: Math.min(mostPages, count - 1) }, ask));
  return found.filter((page) => page !== undefined);
}

function incomplete(request: ApiRequest, what: string): ApiError {
  return new ApiError(
    'incomplete',
    200,
    `${describeRequest(request)} ${what}: the list could not be read to its end.`,
    'Nothing is decided on half a list. Run the role again; if it stays so, look at what stands between this step and the forge.',
  );
}

/**
 * The answer as the schema has it, or a `shape` error that names the first field which is not as expected. Of a write the status
 * said that it was done, and the answer does not say what: that is `unknown-outcome`, because it may well have happened.
 */
export function shaped<T>(
  request: ApiRequest,
  response: ApiResponse,
  schema: z.ZodMiniType<T>,
  unlike = usualRemedy,
): T {
  const parsed = schema.safeParse(response.body);
  if (parsed.success) return parsed.data;
  refusePage(request, response);
  const issue = parsed.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.join('.');
  const expected = issue?.code === 'invalid_type' ? issue.expected : 'something else';
  throw unlikeData(request, response, `something unexpected: ${place} should be ${expected}`, unlike);
}

/** Throws the same where a web page came with a status that says success: no server that is asked here answers with one. */
export function refusePage(request: ApiRequest, response: ApiResponse): void {
  const page = pageTitle(response.body);
  if (page === undefined) return;
  throw unlikeData(
    request,
    response,
    `a web page${page} instead of data`,
    'A login page, or another site, answers at that address: correct the setting that names it, or let requests to the API through without a login.',
  );
}

function unlikeData(request: ApiRequest, { status }: ApiResponse, what: string, remedy: string): ApiError {
  const said = `${describeRequest(request)} answered ${status} with ${what}`;
  return request.method === 'GET'
    ? new ApiError('shape', status, `${said}.`, remedy)
    : new ApiError(
        'unknown-outcome',
        status,
        `${said}: whether it happened is unknown.`,
        `${remedy} Then run the role again: it finds out by reading, and does only what is missing.`.trim(),
      );
}
