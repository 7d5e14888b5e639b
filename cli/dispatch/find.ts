import { UserError } from '../../core/errors.ts';
import { quoted } from '../../core/text/log-line.ts';
import type { DispatchEntry } from './entry.ts';
import type { Machine } from './machine.ts';
import { type Registry, standingOf } from './registry.ts';

/**
 * The dispatch that somebody means by a reference: of one issue the newest one, and one that runs before all others. Nothing is
 * asked for that. Pure.
 */
export function findDispatch(reference: string, { entries }: Registry, machine: Machine): DispatchEntry {
  const wanted = reference.toLowerCase();
  const named = entries.filter(
    ({ id, ref, url }) =>
      id === wanted ||
      ref.toLowerCase() === wanted ||
      ref.toLowerCase().endsWith(`/${wanted}`) ||
      url.toLowerCase() === wanted.replace(/\/+$/, ''),
  );
  const issues = new Set(named.map(({ url }) => url));
  if (issues.size > 1)
    throw new UserError(
      `${quoted(reference, 200)} may be ${[...issues].join(' or ')}.`,
      'Name it by its address.',
    );
  const newest = [...named].reverse();
  const found = newest.find((entry) => standingOf(entry, machine) === 'active') ?? newest[0];
  if (found === undefined)
    throw new UserError(
      `No dispatch of ${quoted(reference, 200)} is known here.`,
      'forgecrew dispatch list --all shows those that are.',
    );
  return found;
}
