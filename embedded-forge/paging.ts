import { wholeNumber } from './fields.ts';
import { type Answer, type Call, ok } from './route.ts';

interface PageOptions {
  /** Some lists give everything unless a page is asked for. */
  allWithoutPage?: boolean;
  /** Where the list is, for lists that link to their other pages. */
  link?: string;
  /** Absent for lists without a count; `page` for the one that counts only what it shows. */
  count?: 'all' | 'page' | 'none';
}

/** How many items a page has: what was asked for, cut without a word at what the server allows. */
export function pageSize(call: Call): number {
  return Math.min(wholeNumber(call.query.get('limit')) || call.paging.default, call.paging.max);
}

/** One page of a list, with the headers that this list has on the forge. */
export async function paged<T>(
  call: Call,
  items: T[],
  shape: (item: T) => unknown,
  options: PageOptions = {},
): Promise<Answer> {
  const asked = wholeNumber(call.query.get('page'));
  const size = pageSize(call);
  const page = Math.max(asked, 1);
  const shown =
    options.allWithoutPage === true && asked === 0 ? items : items.slice((page - 1) * size, page * size);
  const headers: Record<string, string> = {};
  if (options.count !== 'none')
    headers['x-total-count'] = String(options.count === 'page' ? shown.length : items.length);
  if (options.link !== undefined) {
    const link = linkHeader(call, options.link, page, Math.ceil(items.length / size));
    if (link !== '') headers.link = link;
  }
  return ok(await Promise.all(shown.map(shape)), headers);
}

/** Links to the pages around one, with the query's keys in alphabetical order. */
export function linkHeader(call: Call, path: string, page: number, last: number): string {
  if (last <= 1) return '';
  const to = (number: number, rel: string): string => {
    const query = new URLSearchParams(call.query);
    query.set('page', String(number));
    query.sort();
    return `<${call.url}/api/v1${path}?${query}>; rel="${rel}"`;
  };
  return [
    ...(page < last ? [to(page + 1, 'next'), to(last, 'last')] : []),
    ...(page > 1 ? [to(1, 'first'), to(page - 1, 'prev')] : []),
  ].join(',');
}
