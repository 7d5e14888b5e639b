import type { DispatchEntry } from './entry.ts';
import { type Machine, thisMachine } from './machine.ts';
import { type Conflict, claimPath, conflictsIn } from './paths.ts';
import { type Registry, readRegistry, standingOf } from './registry.ts';

// What other programs may read of dispatches, given a log-root. Nothing here writes.

export type { Conflict, DispatchEntry, Registry };

/** Dispatches that count as running: of this host those whose very process lives, and of others what wrote no end. */
export function runningIn({ entries }: Registry, machine: Machine): DispatchEntry[] {
  return entries.filter((entry) => ['active', 'elsewhere'].includes(standingOf(entry, machine)));
}

/** Dispatches whose very process lives on this host, oldest first. */
export function activeDispatches(logRoot: string, machine = thisMachine()): DispatchEntry[] {
  return readRegistry(logRoot).entries.filter((entry) => standingOf(entry, machine) === 'active');
}

/** Running claims on a repository (`<host>+<owner>+<repo>` in lower case) that overlap a path of it, inside and above. */
export function conflictsWith(
  logRoot: string,
  repository: string,
  path: string,
  machine = thisMachine(),
): Conflict[] {
  return conflictsIn(runningIn(readRegistry(logRoot), machine), { repository, paths: [claimPath(path)] });
}
