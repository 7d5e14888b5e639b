import { UserError } from '../../core/errors.ts';
import { type DispatchEntry, repositoryKeyOf } from './entry.ts';
import type { Machine } from './machine.ts';
import { type Conflict, claimPath, conflictsIn, reasonText } from './paths.ts';
import { runningIn } from './reader.ts';
import { changeEntry, readRegistry } from './registry.ts';

/**
 * Claims paths for a dispatch, all of them or none: of two that claim what overlaps at the same moment one is refused, because
 * nobody else writes while one looks and writes. Answers in a sentence; throws where somebody has them.
 */
export function claimPaths(
  logRoot: string,
  { id, machine, paths }: { id: string; machine: Machine; paths: readonly string[] },
): string {
  const wanted = [...new Set(paths.map(claimPath))];
  if (wanted.length === 0) throw new UserError('No path is named.', 'Name at least one.');
  const entry = changeEntry(logRoot, id, machine, (own) => {
    const running = runningIn(readRegistry(logRoot), machine);
    const [first, ...others] = conflictsIn(running, {
      repository: repositoryKeyOf(own),
      paths: wanted,
      except: id,
    });
    if (first !== undefined)
      throw new UserError(
        [first, ...others]
          .map((conflict) => `${conflict.path} is taken: ${conflictText(conflict, machine)}.`)
          .join(' '),
        'Nothing was claimed.',
      );
    const all = [...own.paths_claimed, ...wanted.filter((path) => !own.paths_claimed.includes(path))];
    if (all.length > 1000)
      throw new UserError('A dispatch claims at most 1,000 paths.', 'Claim the folders above them.');
    return { ...own, paths_claimed: all };
  });
  return `Claimed: ${claimsOf(entry)}.`;
}

function claimsOf({ paths_claimed: paths }: DispatchEntry): string {
  return paths.join(', ');
}

/** A claim that overlaps, for people: who has it, and how it does. */
export function conflictText(conflict: Conflict, { host }: Pick<Machine, 'host'>): string {
  const { entry, claim } = conflict;
  return `${entry.ref} (pid ${entry.pid}${entry.host === host ? '' : ` on ${entry.host}`}) claims ${claim}: ${reasonText(conflict)}`;
}
