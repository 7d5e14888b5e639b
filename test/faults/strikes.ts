import { isThorough } from '../thorough.ts';
import { type FailPoint, failPoints } from './proxy.ts';

/** What a call does, whatever it does it to: the method and the path, without numbers, names of commits and queries. */
export function kindOf(call: string): string {
  const [method = '', path = ''] = call.split(' ');
  return `${method} ${path
    .replace(/\?.*$/, '')
    .replace(/\b[0-9a-f]{40}\b/g, '*')
    .replace(/\d+/g, '*')}`;
}

/**
 * At which calls of an undisturbed run (`POST /path`, in order) it is struck at this point, counted from 1. Of a sample:
 * the first write of every kind after it was sent, when it is carried out and nobody is told; before that and after the
 * reply all of them again, or every other one each where there are more than three; and as many of its reads as asked
 * for. In a thorough run all of its calls before they are sent, and all writes at the other two points as well: a read
 * leaves nothing behind at the forge, so that after it is where the call behind it has not been sent yet.
 */
export function callsToStrike(
  calls: string[],
  point: FailPoint,
  { reads: many = 1, thorough = isThorough }: { reads?: number; thorough?: boolean } = {},
): number[] {
  const numbered = calls.map((call, index) => ({ call, number: index + 1, isRead: call.startsWith('GET') }));
  if (thorough)
    return numbered
      .filter(({ isRead, number }) => !isRead || point === 'before-send' || number === calls.length)
      .map(({ number }) => number);
  const kinds = new Map<string, number>();
  for (const { call, number, isRead } of numbered)
    if (!isRead && !kinds.has(kindOf(call))) kinds.set(kindOf(call), number);
  const writes = [...kinds.values()];
  const half = point === 'before-send' ? 0 : 1;
  const struck =
    point === 'after-send' || writes.length <= 3 ? writes : writes.filter((_, index) => index % 2 === half);
  const reads = numbered.filter(({ isRead }) => isRead);
  // One early, one in the middle and one late, so that the three points are met all over a run.
  const share = (failPoints.indexOf(point) + 0.5) / failPoints.length;
  const chosen = reads.slice(Math.floor(reads.length * share)).slice(0, many);
  return [...struck, ...chosen.map(({ number }) => number)].sort((one, other) => one - other);
}

/** Does something when it is first asked for, and gives back the same ever after: an undisturbed run is run once. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= work();
    return made;
  };
}
